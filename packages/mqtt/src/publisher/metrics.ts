import { liveGauge } from '@skein/http';
import { Counter, Histogram, type Registry } from 'prom-client';

const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Numbers that somebody misses: in what is told here and, in a mesh, in what others tell. */
export function sequenceGaps(): Counter {
  return new Counter({
    name: 'skein_replication_sequence_gaps_total',
    help: 'Times that events were left out here, passed over or too large, or in a mesh have not come from another node. Receivers find what they miss in the feed, or when they compare.',
    registers: [],
  });
}

/** What is measured of an outbox. */
export class PublisherMetrics {
  readonly #outbox: { readonly pending: () => number; readonly seq: () => number | null };
  readonly #published = new Counter({
    name: 'skein_replication_events_published_total',
    help: 'Events that the broker has acknowledged.',
    registers: [],
  });
  readonly #failed = new Counter({
    name: 'skein_replication_publish_errors_total',
    help: 'Events that the broker refused or did not acknowledge; they are published again.',
    registers: [],
  });
  readonly #gaps: Counter;
  readonly #passedOver = new Counter({
    name: 'skein_replication_outbox_passed_over_total',
    help: 'Changes that were never told, since the outbox was full or the log had let them go.',
    registers: [],
  });
  readonly #latency = new Histogram({
    name: 'skein_replication_publish_latency_seconds',
    help: 'Time until the broker has acknowledged an event.',
    buckets: SECONDS_BUCKETS,
    registers: [],
  });
  readonly #flushDuration = new Histogram({
    name: 'skein_replication_outbox_flush_duration_seconds',
    help: 'Time from when there was something to tell until all was told.',
    buckets: SECONDS_BUCKETS,
    registers: [],
  });

  constructor(
    outbox: { readonly pending: () => number; readonly seq: () => number | null },
    gaps: Counter = sequenceGaps(),
  ) {
    this.#outbox = outbox;
    this.#gaps = gaps;
  }

  registerIn(registry: Registry): void {
    liveGauge(registry, {
      name: 'skein_replication_outbox_size',
      help: 'Changes of the log that are not with the broker yet.',
      value: this.#outbox.pending,
    });
    liveGauge(registry, {
      name: 'skein_replication_sequence_number_current',
      help: 'The seq of the newest event that the broker has acknowledged.',
      value: this.#outbox.seq,
    });
    for (const metric of [this.#published, this.#failed, this.#gaps, this.#passedOver]) registry.registerMetric(metric);
    registry.registerMetric(this.#latency);
    registry.registerMetric(this.#flushDuration);
  }

  published(seconds: number): void {
    this.#published.inc();
    this.#latency.observe(seconds);
  }

  failed(): void {
    this.#failed.inc();
  }

  gap(): void {
    this.#gaps.inc();
  }

  passedOver(changes: number): void {
    this.#passedOver.inc(changes);
    this.gap();
  }

  flushed(seconds: number): void {
    this.#flushDuration.observe(seconds);
  }
}
