import type { Clock } from '@skein/core';
import { NEVER_WARNED, sloBreach, type Slo, type SloLimits, type SloRecord } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import { SLO_SENTENCES } from './slo-sentences.ts';

export interface SloWatchOptions {
  readonly clock: Clock;
  readonly logger?: FastifyBaseLogger | undefined;
  /** In milliseconds, for each kind that this node has. */
  readonly limits: Partial<SloLimits>;
}

/** Counts what takes longer than it should, and says so in the log, now and then. */
export class SloWatch {
  readonly #options: SloWatchOptions;
  readonly #records = new Map<Slo, SloRecord>();
  readonly #breaches = new Counter({
    name: 'skein_replication_slo_breaches_total',
    help: 'Times that something took longer than its bound; the lag is looked at when a page is applied, and on failures.',
    labelNames: ['slo'],
    registers: [],
  });

  constructor(options: SloWatchOptions) {
    this.#options = options;
    for (const slo of Object.keys(options.limits)) this.#breaches.inc({ slo }, 0);
  }

  registerIn(registry: Registry): void {
    registry.registerMetric(this.#breaches);
  }

  observe(slo: Slo, tookMs: number): void {
    const { clock, logger, limits } = this.#options;
    const limitMs = limits[slo] ?? Infinity;
    if (tookMs <= limitMs) return;
    this.#breaches.inc({ slo });
    const { record, warning } = sloBreach(this.#records.get(slo) ?? NEVER_WARNED, clock.now());
    this.#records.set(slo, record);
    if (warning === null) return;
    const facts = { slo, took_ms: Math.round(tookMs), limit_ms: limitMs, passed_over: warning.passedOver };
    logger?.warn(facts, SLO_SENTENCES[slo]);
  }
}
