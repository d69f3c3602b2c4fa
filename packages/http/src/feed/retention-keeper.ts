import type { Clock, Store } from '@skein/core';
import { planRetention, type RetentionPlan, type RetentionPolicy } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Chore } from '../operations/chore.ts';
import type { SlotBook } from './slot-book.ts';

/** What is due begins to go within this time, and a little. */
const LOOK_EVERY_MS = 2000;

/** So much goes at once: writers have their turn in between. */
const TRIM_CHANGES_MAX = 2000;

export interface RetentionParts {
  readonly store: Store;
  readonly slots: SlotBook;
  readonly clock: Clock;
  readonly policy: RetentionPolicy;
  readonly logger: FastifyBaseLogger | undefined;
}

/**
 * Lets the old end of the log go when the plan says so. A slot that is lost is said to be so, and stored, before any of
 * what it needs is deleted.
 */
export class RetentionKeeper {
  readonly #parts: RetentionParts;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  install(app: FastifyInstance): void {
    const { clock, slots, logger } = this.#parts;
    new Chore({
      clock,
      everyMs: LOOK_EVERY_MS,
      prepare: () => slots.load(),
      work: (signal) => this.#look(signal),
      isDoneAtEnd: true,
      // A store that cannot be written to says so itself.
      onFailed: (error) => logger?.debug({ err: error }, 'the log could not be trimmed'),
    }).install(app);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { store, slots } = this.#parts;
    await this.#judge();
    while (!signal.aborted) {
      // Made anew for each part: a follower may have come back, or have gone on, while the last one went.
      const { tail } = await this.#judge();
      const before = store.facts.tail;
      if (tail <= before) return;
      const keptFrom = (): number => slots.keptFrom();
      if ((await store.trim(Math.min(tail, before + TRIM_CHANGES_MAX), keptFrom)) > before) continue;
      // The record at the tail is longer than a part.
      if ((await store.trim(tail, keptFrom)) === before) return;
    }
    await slots.save();
  }

  async #judge(): Promise<RetentionPlan> {
    const { store, slots, clock, policy, logger } = this.#parts;
    const { head, tail } = store.facts;
    const log = { head: head.offset, tail, startWithinBytes: store.logSizes.startWithin(policy.bytesMax) };
    const plan = planRetention(slots.all(), log, policy, clock.now());
    for (const { id, applied } of slots.judge(plan)) {
      logger?.warn(
        { follower: id, applied: applied.offset, tail: plan.tail, head: head.offset },
        'a follower is lost: the log is not kept for it any longer',
      );
    }
    await slots.save();
    return plan;
  }
}
