import type { Clock, Store } from '@skein/core';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

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
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
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

  /** Works from when the server is ready until it closes. */
  install(app: FastifyInstance): void {
    const { everyMs } = this.#parts;
    if (everyMs === null) return;
    app.addHook('onReady', async () => {
      this.#running = this.#run(everyMs);
    });
    app.addHook('onClose', async () => {
      this.#ending.abort();
      await this.#running;
    });
  }

  async #run(everyMs: number): Promise<void> {
    const { clock, store, logger } = this.#parts;
    const { signal } = this.#ending;
    for (;;) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const { documents, problems } = await store.scrub(signal);
        await this.#renewDigests();
        this.#last = { atMs: clock.now(), documents, problems };
        if (problems.length === 0)
          logger?.info({ documents }, 'everything stored was read again, and is as it was written');
        else logger?.error({ documents, problems }, 'everything stored was read again, and is not as it was written');
      } catch (error) {
        if (signal.aborted) return;
        // A store that cannot be read says so itself; it is looked at again.
        logger?.debug({ err: error }, 'the store could not be read again');
      }
    }
  }

  /** From what is stored, if there were any: nobody who compares has to wait for that. */
  async #renewDigests(): Promise<void> {
    const { store } = this.#parts;
    const { signal } = this.#ending;
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
