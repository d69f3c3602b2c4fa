import type { Clock } from '@skein/core';
import { liveGauge } from '@skein/http';
import { lagChanges, lagSeconds, type FollowerState } from '@skein/replication';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { SyncErrorType } from './replicator.ts';

export interface FollowerMetricsSource {
  readonly clock: Clock;
  readonly state: () => FollowerState<unknown>;
}

interface ComparisonMeasure {
  readonly differing: number;
  readonly fetched: number;
  readonly repaired: number;
}

interface PageMeasure {
  readonly changes: number;
  readonly tookMs: number;
}

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const CIRCUIT = { closed: 0, 'half-open': 1, open: 2 } as const;
const ERROR_TYPES: readonly SyncErrorType[] = ['sync_failed', 'apply_failed', 'connection_error'];

const nameOf = (text: string): string => `skein_replication_${text}`;

/** The measurements of following: what is counted as it happens, and what is asked for at each scrape. */
export class FollowerMetrics {
  readonly #source: FollowerMetricsSource;
  readonly #lastSync = new Gauge({
    name: nameOf('last_sync_timestamp_seconds'),
    help: 'When the leader last answered.',
    registers: [],
  });
  readonly #applied = new Counter({ name: nameOf('changes_applied_total'), help: 'Changes applied.', registers: [] });
  readonly #deduped = new Counter({
    name: nameOf('changes_deduped_total'),
    help: 'Changes that came again and were passed over.',
    registers: [],
  });
  readonly #errors = new Counter({
    name: nameOf('sync_errors_total'),
    help: 'Failures by type.',
    labelNames: ['type'],
    registers: [],
  });
  readonly #comparisons = new Counter({
    name: 'skein_repair_cycles_total',
    help: "Comparisons with the leader's documents.",
    registers: [],
  });
  readonly #divergences = new Counter({
    name: 'skein_merkle_divergences_total',
    help: 'Documents found to be other ones than the leader has at the same position.',
    registers: [],
  });
  readonly #fetchedForRepair = new Counter({
    name: 'skein_repair_items_fetched_total',
    help: 'Documents fetched to put right what was found.',
    registers: [],
  });
  readonly #repaired = new Counter({
    name: 'skein_repair_items_submitted_total',
    help: 'Documents put right.',
    registers: [],
  });
  readonly #pauses = new Counter({
    name: nameOf('backpressure_pauses_total'),
    help: 'Times fetching waited for applying.',
    registers: [],
  });
  readonly #syncDuration = new Histogram({
    name: nameOf('sync_duration_seconds'),
    help: 'Time to fetch a page that had changes.',
    buckets: SECONDS_BUCKETS,
    registers: [],
  });
  readonly #flushDuration = new Histogram({
    name: nameOf('batch_flush_duration_seconds'),
    help: 'Time to apply a page and sync it.',
    buckets: SECONDS_BUCKETS,
    registers: [],
  });
  readonly #peerLatency = new Histogram({
    name: nameOf('peer_latency_seconds'),
    help: 'Time the leader took to answer, without what the question was to wait there for.',
    buckets: SECONDS_BUCKETS,
    registers: [],
  });

  constructor(source: FollowerMetricsSource) {
    this.#source = source;
    for (const type of ERROR_TYPES) this.#errors.inc({ type }, 0);
  }

  registerIn(registry: Registry): void {
    const { clock, state } = this.#source;
    const gauge = (name: string, help: string, value: () => number | null): void => {
      liveGauge(registry, { name: nameOf(name), help, value });
    };
    gauge('lag_seconds', 'Time since this node was last known to be up to date; absent until it has been.', () =>
      lagSeconds(state().progress, clock.now()),
    );
    gauge('lag_changes', "Changes between the leader's head and what is applied; absent without contact.", () =>
      lagChanges(state().progress),
    );
    gauge('follower_connected', '1 while the leader answers.', () => Number(state().progress.connected));
    gauge('circuit_state', '0 closed, 1 half-open, 2 open.', () => CIRCUIT[state().breaker.kind]);
    gauge('batch_size', 'Changes asked for in the next page.', () => state().pageSize);
    registry.registerMetric(this.#lastSync);
    registry.registerMetric(this.#applied);
    registry.registerMetric(this.#deduped);
    registry.registerMetric(this.#errors);
    registry.registerMetric(this.#pauses);
    registry.registerMetric(this.#comparisons);
    registry.registerMetric(this.#divergences);
    registry.registerMetric(this.#fetchedForRepair);
    registry.registerMetric(this.#repaired);
    registry.registerMetric(this.#syncDuration);
    registry.registerMetric(this.#flushDuration);
    registry.registerMetric(this.#peerLatency);
  }

  answered(callMs: number): void {
    this.#peerLatency.observe(callMs / 1000);
  }

  fetched({ changes, tookMs }: PageMeasure): void {
    this.#lastSync.set(this.#source.clock.wall() / 1000);
    if (changes > 0) this.#syncDuration.observe(tookMs / 1000);
  }

  deduped(changes: number): void {
    this.#deduped.inc(changes);
  }

  applied({ changes, tookMs }: PageMeasure): void {
    this.#applied.inc(changes);
    this.#flushDuration.observe(tookMs / 1000);
  }

  failed(type: SyncErrorType): void {
    this.#errors.inc({ type });
  }

  heldBack(): void {
    this.#pauses.inc();
  }

  compared({ differing, fetched, repaired }: ComparisonMeasure): void {
    this.#comparisons.inc();
    this.#divergences.inc(differing);
    this.#fetchedForRepair.inc(fetched);
    this.#repaired.inc(repaired);
  }
}
