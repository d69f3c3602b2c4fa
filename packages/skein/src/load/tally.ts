import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Kind, LoadRequest } from './requests.ts';

interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface KindResult {
  readonly kind: Kind;
  readonly requests: number;
  readonly documents: number;
  /** In milliseconds. */
  readonly latencyMs: Latencies;
}

/** What came of the requests so far. */
export class Tally {
  readonly #kinds = new Map<Kind, { documents: number; readonly micros: RecordableHistogram }>();
  readonly #errors = new Map<string, number>();

  answered({ kind, documents }: LoadRequest, tookMs: number): void {
    const entry = this.#kinds.get(kind) ?? { documents: 0, micros: createHistogram() };
    this.#kinds.set(kind, entry);
    entry.documents += documents;
    entry.micros.record(Math.max(1, Math.round(tookMs * 1000)));
  }

  failed(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  get requests(): number {
    let requests = 0;
    for (const { micros } of this.#kinds.values()) requests += micros.count;
    return requests;
  }

  get failures(): number {
    let failures = 0;
    for (const count of this.#errors.values()) failures += count;
    return failures;
  }

  results(): readonly KindResult[] {
    return [...this.#kinds].map(([kind, { documents, micros }]) => {
      const ms = (percent: number): number => micros.percentile(percent) / 1000;
      const latencyMs = { p50: ms(50), p90: ms(90), p99: ms(99), max: micros.max / 1000 };
      return { kind, requests: micros.count, documents, latencyMs };
    });
  }

  errors(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#errors].toSorted(([, a], [, b]) => b - a));
  }
}
