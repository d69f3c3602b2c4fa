import type { Store } from '@skein/core';
import { Comparison, fetchDigest } from '@skein/http';
import { formatPosition, START, type IdempotencyLine, type Position, type SnapshotHeader } from '@skein/protocol';
import { planCopy, type Expectation } from '@skein/replication';
import { fetchBaseRecord, TooLate, type Feed } from './base-record.ts';
import { fetchFixes, type FixLimits } from './fetch-fixes.ts';
import type { LeaderApi } from './leader-api.ts';
import { Ended, failed, outcomeOf, refusedBy, type RecoveryOutcome } from './outcome.ts';
import type { SnapshotClient } from './snapshot-client.ts';

/** All of it is one batch, so it is no more than memory holds with ease; whoever differs by more is copied. */
const LIMITS: FixLimits = { differencesMax: 200_000, bytesMax: 64 * 1024 * 1024 };

export interface CompareLeaderOptions {
  readonly store: Store;
  readonly api: LeaderApi;
  readonly snapshots: Pick<SnapshotClient, 'page' | 'named'>;
  readonly feed: Feed;
}

/**
 * Brings a store to a position of its leader by moving only what differs: the leader holds a position, both sides say what
 * they have in hashes, and the store takes over the documents that are other ones, in one batch with the record that ends
 * there. It serves what it did until then, and nothing in between.
 */
export class CompareLeader {
  readonly #options: CompareLeaderOptions;

  constructor(options: CompareLeaderOptions) {
    this.#options = options;
  }

  async run(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    try {
      return await this.#move(expected, signal);
    } catch (error) {
      if (error instanceof TooLate) return failed(error.message);
      return outcomeOf(error);
    }
  }

  async #move(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    const { store, api, feed } = this.#options;
    // A leader that has it pins nothing older than what is here.
    const { position } = await api.pin(formatPosition(expected.floor ?? START), signal);
    const { header, entries } = await this.#reserve(position, expected, signal);
    const { fixes, isPart } = await this.#fixes(position, signal);
    if (isPart) return { kind: 'declined', reason: 'more differs from the leader than is moved in one piece' };
    const record = await fetchBaseRecord(feed, position, header.log, signal);
    const isReset = expected.floor === null;
    await store.move({ log: header.log, history: header.history, record, fixes, entries, isReset });
    const documentsMoved = fixes.documents.length + fixes.removed.length;
    return { kind: 'recovered', log: header.log, position, documentsMoved };
  }

  /**
   * What the snapshot at the position belongs to, and the idempotency entries that are not here. Asking for them has the
   * leader keep its log from there on.
   */
  async #reserve(
    position: Position,
    expected: Expectation,
    signal: AbortSignal,
  ): Promise<{ readonly header: SnapshotHeader; readonly entries: readonly IdempotencyLine[] }> {
    const entries: IdempotencyLine[] = [];
    let after = { kind: 'entry', offset: expected.floor?.offset ?? 0 } as const;
    for (;;) {
      const answer = await this.#options.snapshots.page({ at: position, after, keep: position }, signal);
      if (answer.kind === 'failed') throw new Ended(answer);
      if (answer.kind !== 'page') throw new Ended(failed('the leader does not hold what is compared for long enough'));
      const { header, lines, next, role } = answer;
      const plan = planCopy(null, header, expected);
      if (plan.kind === 'refuse') throw new Ended(refusedBy(role, plan.refusal));
      entries.push(...lines.entries);
      if (next?.kind !== 'entry') return { header, entries };
      after = next;
    }
  }

  async #fixes(position: Position, signal: AbortSignal): ReturnType<typeof fetchFixes> {
    const { store, api, snapshots } = this.#options;
    const theirs = await fetchDigest((path) => api.get(path, signal), 'version', formatPosition(position));
    const snapshot = await store.snapshot();
    try {
      const mine = await store.digests.at(snapshot);
      return await fetchFixes(snapshots, position, new Comparison(mine, theirs).differences(), LIMITS, signal);
    } finally {
      await snapshot.close();
    }
  }
}
