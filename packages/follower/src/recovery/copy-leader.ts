import { Copy, Store, withCorruptNamed, type Clock, type CopyProgress, type Generations } from '@skein/core';
import { isSkeinError, SkeinError, type Position } from '@skein/protocol';
import { copySecondsLeft, planCopy, type CopyPace, type Expectation } from '@skein/replication';
import { fetchBaseRecord, fetchRecords, NoWayOn, noWayOn, type Feed } from './base-record.ts';
import { Ended, failed, outcomeOf, refusedBy, type RecoveryOutcome } from './outcome.ts';
import type { SnapshotAnswer, SnapshotClient } from './snapshot-client.ts';

/** What a copy is doing, for people. */
export interface CopyStatus {
  readonly step: 'copying' | 'replaying' | 'verifying';
  readonly documents: number;
  readonly documents_total: number | null;
  readonly seconds_left: number | null;
}

export interface CopyLeaderOptions {
  readonly store: Store;
  readonly generations: Generations;
  readonly snapshots: Pick<SnapshotClient, 'page'>;
  readonly feed: Feed;
  readonly clock: Clock;
}

type Page = Extract<SnapshotAnswer, { kind: 'page' }>;

const REPLAY_CHANGES = 5000;

/**
 * Makes a whole copy of the leader's documents beside the store, and has the store become it: pages of a snapshot into a
 * database of its own, the record the snapshot ends with, the log from there on as far as pages of younger snapshots
 * need it, everything read again, one durable step. Until that, the store serves what it did; whatever ends the
 * making leaves a copy that can be gone on with.
 */
export class CopyLeader {
  readonly #options: CopyLeaderOptions;
  #step: CopyStatus['step'] = 'copying';
  #pace: CopyPace | null = null;

  constructor(options: CopyLeaderOptions) {
    this.#options = options;
  }

  /** Null while none is being made. */
  get status(): CopyStatus | null {
    if (this.#pace === null) return null;
    const { documents, total } = this.#pace;
    return {
      step: this.#step,
      documents,
      documents_total: total,
      seconds_left: this.#step === 'copying' ? roundUp(copySecondsLeft(this.#pace)) : null,
    };
  }

  async run(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    try {
      return await this.#attempt(expected, signal);
    } catch (error) {
      // What there is of a copy could not be put away. The next attempt meets it as it is, and says so again.
      return outcomeOf(error);
    } finally {
      this.#pace = null;
    }
  }

  async #attempt(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    const { generations } = this.#options;
    try {
      return await this.#make(expected, signal);
    } catch (thrown) {
      const error = withCorruptNamed(thrown);
      // It goes on when it is tried again, unless the log does not lead on from it, or it is not to be believed.
      if (error instanceof NoWayOn || isSkeinError(error, 'corrupt')) await generations.discard();
      return outcomeOf(error);
    } finally {
      // Left closed, so that the next attempt opens it, and what failed in it is forgotten.
      await generations.leave();
    }
  }

  async #make(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    const copy = await this.#filled(expected, signal);
    const made = await this.#finished(copy, signal);
    try {
      return await this.#serve(made, copy, signal);
    } finally {
      // After a failed write it would open its database again of itself, under the next attempt. One that is served was
      // closed by that; what cannot be closed here cannot be left either, which says so.
      if (made.state !== 'closed') await made.close().catch(() => undefined);
    }
  }

  /** A store of its own, as of the snapshot that the copy began with. */
  async #finished(copy: Copy, signal: AbortSignal): Promise<Store> {
    const { feed, clock } = this.#options;
    const { node } = this.#options.store.facts.identity;
    const { base, log } = copy.progress!;
    if (!copy.isFinished) await copy.finish(await fetchBaseRecord(feed, base, log, signal), node);
    return Store.open({ level: copy.level, role: 'follower', node, clock });
  }

  async #serve(made: Store, copy: Copy, signal: AbortSignal): Promise<RecoveryOutcome> {
    const { store, generations } = this.#options;
    await this.#replay(made, copy.progress!.newest, signal);
    this.#step = 'verifying';
    const [{ problems }] = await Promise.all([made.scrub(signal), made.settle()]);
    if (problems.length > 0) throw new SkeinError('corrupt', `the copy is not what it should be: ${problems[0]}`);
    signal.throwIfAborted();
    await store.become(made, () => generations.promote());
    // What cannot be removed now is at the next start.
    await generations.removeFormer().catch(() => undefined);
    const { identity, head } = store.facts;
    return { kind: 'recovered', log: identity.log!, position: head, documentsMoved: documentsOf(copy) };
  }

  /** The copy with all of a snapshot in it. The next page is asked for while one is being stored. */
  async #filled(expected: Expectation, signal: AbortSignal): Promise<Copy> {
    this.#step = 'copying';
    let copy = await this.#opened();
    const startedAt = this.#options.clock.now();
    const documentsAtStart = documentsOf(copy);
    let asking: Promise<Page> | null = this.#ask(copy.progress, signal);
    while (asking !== null) {
      const page: Page = await asking;
      if (!isContinuedBy(copy, page, expected)) {
        copy = await this.#startOver();
        asking = this.#ask(null, signal);
        continue;
      }
      // One that was complete when it was left has only had to be asked whose it is.
      if (copy.progress?.isComplete === true) break;
      asking = page.next === null ? null : this.#ask(progressAfter(copy, page), signal);
      asking?.catch(() => undefined);
      await copy.add(page.header, page);
      this.#pace = {
        documents: documentsOf(copy),
        total: page.header.documents,
        documentsAtStart,
        tookMs: this.#options.clock.now() - startedAt,
      };
    }
    return copy;
  }

  async #opened(): Promise<Copy> {
    return (await Copy.open(await this.#options.generations.beside())) ?? this.#startOver();
  }

  async #startOver(): Promise<Copy> {
    const { generations } = this.#options;
    await generations.discard();
    return (await Copy.open(await generations.beside()))!;
  }

  async #ask(progress: Pick<CopyProgress, 'newest' | 'after' | 'base'> | null, signal: AbortSignal): Promise<Page> {
    const { snapshots } = this.#options;
    const question = {
      at: progress?.newest ?? null,
      after: progress?.after ?? null,
      keep: progress?.base ?? null,
    };
    let answer = await snapshots.page(question, signal);
    // On behind the same key in another one; the log is replayed from the position of the first.
    if (answer.kind === 'gone') answer = await snapshots.page({ ...question, at: null }, signal);
    if (answer.kind === 'page') return answer;
    if (answer.kind === 'no-way-on') throw noWayOn(answer.refusal);
    throw new Ended(answer.kind === 'failed' ? answer : failed('the leader holds no snapshot for long enough'));
  }

  async #replay(made: Store, to: Position, signal: AbortSignal): Promise<void> {
    this.#step = 'replaying';
    while (made.facts.head.offset < to.offset) {
      const log = made.facts.identity.log!;
      const wanted = { since: made.facts.head, log, limit: REPLAY_CHANGES };
      await made.apply(log, await fetchRecords(this.#options.feed, wanted, signal));
    }
  }
}

/** False where it has to be started over; a leader whose copy may not be taken ends it. */
function isContinuedBy({ progress }: Copy, { header, role }: Page, expected: Expectation): boolean {
  const plan = planCopy(progress, header, expected);
  if (plan.kind === 'refuse') throw new Ended(refusedBy(role, plan.refusal));
  return plan.kind === 'go-on';
}

/** How far a copy will be with a page that is not stored yet. */
function progressAfter({ progress }: Copy, { header, next }: Page): Pick<CopyProgress, 'newest' | 'after' | 'base'> {
  return { newest: header.position, after: next, base: progress?.base ?? header.position };
}

function documentsOf({ progress }: Copy): number {
  let documents = 0;
  for (const count of progress?.counts.values() ?? []) documents += count;
  return documents;
}

function roundUp(seconds: number | null): number | null {
  return seconds === null ? null : Math.ceil(seconds);
}
