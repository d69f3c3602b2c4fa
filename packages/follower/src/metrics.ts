import type { Clock } from '@skein/core';
import { liveGauge } from '@skein/http';
import { lagChanges, lagSeconds, type FollowerState } from '@skein/replication';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ReplicatorObserver } from './replicator.ts';

export interface FollowerMetricsSource {
  readonly clock: Clock;
  readonly state: () => FollowerState<unknown>;
}

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const CIRCUIT = { closed: 0, 'half-open': 1, open: 2 } as const;

/** The measurements of following, and the observer that feeds them. */
export function followerMetrics(
  registry: Registry,
  { clock, state }: FollowerMetricsSource,
): Pick<ReplicatorObserver, 'fetched' | 'applied' | 'failed' | 'heldBack'> {
  const registers = [registry];
  const name = (text: string): string => `skein_replication_${text}`;
  const gauge = (short: string, help: string, value: () => number | null): void => {
    liveGauge(registry, { name: name(short), help, value });
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

  const lastSync = new Gauge({
    name: name('last_sync_timestamp_seconds'),
    help: 'When the leader last answered.',
    registers,
  });
  const applied = new Counter({ name: name('changes_applied_total'), help: 'Changes applied.', registers });
  const errors = new Counter({
    name: name('sync_errors_total'),
    help: 'Failures by type.',
    labelNames: ['type'],
    registers,
  });
  for (const type of ['sync_failed', 'apply_failed', 'connection_error']) errors.inc({ type }, 0);
  const pauses = new Counter({
    name: name('backpressure_pauses_total'),
    help: 'Times fetching waited for applying.',
    registers,
  });
  const duration = new Histogram({
    name: name('sync_duration_seconds'),
    help: 'Time to fetch a page that had changes.',
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const flush = new Histogram({
    name: name('batch_flush_duration_seconds'),
    help: 'Time to apply a page and sync it.',
    buckets: SECONDS_BUCKETS,
    registers,
  });

  return {
    fetched: ({ changes, tookMs }) => {
      lastSync.set(clock.wall() / 1000);
      if (changes > 0) duration.observe(tookMs / 1000);
    },
    applied: ({ changes, tookMs }) => {
      applied.inc(changes);
      flush.observe(tookMs / 1000);
    },
    failed: (type) => errors.inc({ type }),
    heldBack: () => pauses.inc(),
  };
}
