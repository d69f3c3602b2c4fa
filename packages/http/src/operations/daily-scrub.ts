import type { Clock, Store } from '@skein/core';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Chore } from './chore.ts';

export interface ScrubParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Null reads nothing by itself. */
  readonly everyMs: number | null;
  readonly logger: FastifyBaseLogger | undefined;
  readonly until?: AbortSignal | undefined;
}

export interface ScrubDone {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly documents: number;
  readonly problems: readonly string[];
}

/**
 * Reads everything that is stored again, now and then: bytes rot where nobody looks. What is wrong makes the store corrupt,
 * which says so itself; and comparisons begin anew, since what has changed behind the log's back is seen by no other.
 */
export class DailyScrub {
  readonly #parts: ScrubParts;
  #last: ScrubDone | null = null;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
    parts.store.subscribe(({ isAnew }) => {
      // It says nothing of what has been put in the place of what was read.
      if (isAnew) this.#last = null;
    }, parts.until);
  }

  get last(): ScrubDone | null {
    return this.#last;
  }

  install(app: FastifyInstance): void {
    const { clock, everyMs, logger } = this.#parts;
    if (everyMs === null) return;
    new Chore({
      clock,
      everyMs,
      work: (signal) => this.#scrub(signal),
      // A store that cannot be read says so itself.
      onFailed: (error) => logger?.debug({ err: error }, 'the store could not be read again'),
    }).install(app);
  }

  async #scrub(signal: AbortSignal): Promise<void> {
    const { clock, store, logger } = this.#parts;
    const { documents, problems } = await store.scrub(signal);
    await this.#renewDigests(signal);
    this.#last = { atMs: clock.now(), documents, problems };
    if (problems.length === 0)
      logger?.info({ documents }, 'everything stored was read again, and is as it was written');
    else logger?.error({ documents, problems }, 'everything stored was read again, and is not as it was written');
  }

  /** From what is stored, if there were any: nobody who compares has to wait for that. */
  async #renewDigests(signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    if (store.digests.keptAt('version') === undefined) return;
    store.digests.forget();
    const snapshot = await store.snapshot();
    try {
      await store.digests.at(snapshot, 'version', signal);
    } finally {
      await snapshot.close();
    }
  }
}
