import { withCorruptNamed, type Store } from '@skein/core';
import { Comparison, fetchDigest, type NodeApi } from '@skein/http';
import {
  encodeIdempotencyLine,
  formatPosition,
  isSkeinError,
  START,
  type IdempotencyLine,
  type Position,
  type SnapshotHeader,
} from '@skein/protocol';
import { givesUp, planCopy, type Expectation } from '@skein/replication';
import { fetchBaseRecord, NoWayOn, noWayOn, type Feed } from './base-record.ts';
import { fetchFixes, type FixLimits } from './fetch-fixes.ts';
import { Ended, failed, outcomeOf, refusedBy, type RecoveryOutcome } from './outcome.ts';
import type { SnapshotClient } from './snapshot-client.ts';

/**
 * All of it is one batch, documents and idempotency entries, so it is no more than memory holds with ease; whoever differs by
 * more is copied.
 */
const LIMITS: FixLimits = { differencesMax: 200_000, bytesMax: 64 * 1024 * 1024 };
const TOO_MUCH = { kind: 'declined', reason: 'more differs from the leader than is moved in one piece' } as const;

/** What a leader has at a position beside its documents. */
interface Reserved {
  readonly header: SnapshotHeader;
  readonly entries: readonly IdempotencyLine[];
  /** What the documents that differ may be, beside those entries. */
  readonly room: FixLimits;
}

export interface CompareLeaderOptions {
  readonly store: Store;
  readonly api: NodeApi;
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
      if (error instanceof NoWayOn) return failed(error.message);
      return this.#declinedAsCorrupt(error) ?? outcomeOf(error);
    }
  }

  /**
   * A store that is not to be believed has nothing to compare, and would not take what was found: only a copy brings it back.
   * It may have been found so by a read elsewhere, whatever has ended this attempt.
   */
  #declinedAsCorrupt(thrown: unknown): RecoveryOutcome | undefined {
    const { state, failure } = this.#options.store;
    const error = withCorruptNamed(thrown);
    if (isSkeinError(error, 'corrupt'))
      return { kind: 'declined', reason: `what is here is corrupt: ${error.message}` };
    return state === 'corrupt' ? { kind: 'declined', reason: `what is here is corrupt: ${failure}` } : undefined;
  }

  async #move(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    const { store, api, feed } = this.#options;
    // A leader that has it pins nothing older than what is here.
    const { position } = await api.pin(formatPosition(expected.floor ?? START), signal);
    const { header, entries, room } = await this.#reserve(position, expected, signal);
    const { fixes, isPart } = await this.#fixes(position, room, signal);
    if (isPart) return TOO_MUCH;
    const record = await fetchBaseRecord(feed, position, header.log, signal);
    const isReset = givesUp(expected);
    await store.move({ log: header.log, history: header.history, record, fixes, entries, isReset });
    const documentsMoved = fixes.documents.length + fixes.removed.length;
    return { kind: 'recovered', log: header.log, position, documentsMoved };
  }

  /**
   * What the snapshot at the position belongs to, and the idempotency entries that are not here. Asking for them has the
   * leader keep its log from there on.
   */
  async #reserve(position: Position, expected: Expectation, signal: AbortSignal): Promise<Reserved> {
    const entries: IdempotencyLine[] = [];
    let room = LIMITS;
    let after = { kind: 'entry', offset: expected.floor?.offset ?? 0 } as const;
    for (;;) {
      const answer = await this.#options.snapshots.page({ at: position, after, keep: position }, signal);
      if (answer.kind === 'failed') throw new Ended(answer);
      if (answer.kind === 'no-way-on') throw noWayOn(answer.refusal);
      if (answer.kind === 'gone') throw new Ended(failed('the leader does not hold what is compared for long enough'));
      const { header, lines, next, role } = answer;
      const plan = planCopy(null, header, expected);
      if (plan.kind === 'refuse') throw new Ended(refusedBy(role, plan.refusal));
      entries.push(...lines.entries);
      room = roomBeside(lines.entries, room);
      if (room.differencesMax < 0 || room.bytesMax < 0) throw new Ended(TOO_MUCH);
      if (next?.kind !== 'entry') return { header, entries, room };
      after = next;
    }
  }

  async #fixes(position: Position, room: FixLimits, signal: AbortSignal): ReturnType<typeof fetchFixes> {
    const { store, api, snapshots } = this.#options;
    const theirs = await fetchDigest((path) => api.get(path, signal), 'version', formatPosition(position));
    const snapshot = await store.snapshot();
    try {
      const mine = await store.digests.at(snapshot, 'version', signal);
      return await fetchFixes(snapshots, position, new Comparison(mine, theirs).differences(), room, signal);
    } finally {
      await snapshot.close();
    }
  }
}

function roomBeside(entries: readonly IdempotencyLine[], { differencesMax, bytesMax }: FixLimits): FixLimits {
  let bytes = 0;
  for (const entry of entries) bytes += encodeIdempotencyLine(entry).length;
  return { differencesMax: differencesMax - entries.length, bytesMax: bytesMax - bytes };
}
