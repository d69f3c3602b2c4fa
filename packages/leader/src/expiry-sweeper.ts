import type { Clock, Store } from '@skein/core';
import { Chore } from '@skein/http';
import { isSkeinError } from '@skein/protocol';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

/** What has expired is hidden at once; how soon it is deleted matters to nobody but the disk. */
const SWEEP_EVERY_MS = 1000;
const DOCUMENTS_AT_ONCE = 500;

export interface ExpirySweeperParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Makes sure that no other node leads. */
  readonly assure: () => Promise<void> | undefined;
  readonly logger: FastifyBaseLogger | undefined;
}

/** Deletes documents that have expired, as ordinary changes. Each is decided in its turn: one that was written again stays. */
export class ExpirySweeper {
  readonly #parts: ExpirySweeperParts;
  #onDeleted: (count: number) => void = () => undefined;

  constructor(parts: ExpirySweeperParts) {
    this.#parts = parts;
  }

  onDeleted(listener: (count: number) => void): void {
    this.#onDeleted = listener;
  }

  install(app: FastifyInstance): void {
    const { clock, logger } = this.#parts;
    new Chore({
      clock,
      everyMs: SWEEP_EVERY_MS,
      work: (signal) => this.#sweep(signal),
      // Whatever is in the way says so itself; what has expired stays so.
      onFailed: (error) => logger?.debug({ err: error }, 'expired documents could not be deleted'),
    }).install(app);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { book } = this.#parts.store.definitions;
    for (const collection of book.collections())
      if (book.expiringRulesOf(collection) !== undefined)
        while (!signal.aborted && (await this.#sweepSome(collection)) === DOCUMENTS_AT_ONCE);
  }

  /** Answers how many have been deleted. */
  async #sweepSome(collection: string): Promise<number> {
    const { store, clock, assure } = this.#parts;
    const keys = await store.indexes.expired(collection, clock.wall(), DOCUMENTS_AT_ONCE);
    if (keys.length === 0) return 0;
    await assure();
    const deleted = await Promise.all(keys.map((key) => this.#expire(collection, key)));
    const count = deleted.filter(Boolean).length;
    this.#onDeleted(count);
    return count;
  }

  async #expire(collection: string, key: string): Promise<boolean> {
    try {
      await this.#parts.store.commit({ operations: [{ op: 'expire', collection, key }] });
      return true;
    } catch (error) {
      // It has been written again, or deleted.
      if (isSkeinError(error, 'not_found')) return false;
      throw error;
    }
  }
}
