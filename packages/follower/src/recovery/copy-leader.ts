import { Copy, Store, type Clock, type CopyProgress, type Generations } from '@skein/core';
import { isSkeinError, SkeinError, START, type Position, type RecordView } from '@skein/protocol';
import { copySecondsLeft, planCopy, type CopyPace, type Expectation, type Refusal } from '@skein/replication';
import type { FeedClient } from '../feed-client.ts';
import type { SnapshotAnswer, SnapshotClient } from './snapshot-client.ts';

export type RecoveryOutcome =
  | { readonly kind: 'recovered'; readonly log: string; readonly position: Position }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined };

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
  readonly feed: Pick<FeedClient, 'fetch'>;
  readonly clock: Clock;
}

type Page = Extract<SnapshotAnswer, { kind: 'page' }>;

/** Ends a copy early, with what came of it. */
class Ended extends Error {
  readonly outcome: RecoveryOutcome;

  constructor(outcome: RecoveryOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** The log no longer leads from where the copy began: what was copied is of no use. */
class TooLate extends Error {}

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
    const { generations } = this.#options;
    try {
      return await this.#make(expected, signal);
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      // It goes on when it is tried again, unless the log does not lead on from it, or it is not to be believed.
      if (error instanceof TooLate || isSkeinError(error, 'corrupt')) await generations.discard();
      return { kind: 'failed', reason: reasonOf(error), retryAfterMs: undefined };
    } finally {
      this.#pace = null;
      // Left closed, so that the next attempt opens it, and what failed in it is forgotten.
      await generations.leave();
    }
  }

  async #make(expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    const { store, generations } = this.#options;
    const copy = await this.#filled(expected, signal);
    if (!copy.isFinished) await copy.finish(await this.#baseRecord(copy.progress!, signal), store.facts.identity.node);
    const made = await Store.open({
      level: copy.level,
      role: 'follower',
      node: store.facts.identity.node,
      clock: this.#options.clock,
    });
    await this.#replay(made, copy.progress!.newest, signal);
    this.#step = 'verifying';
    const { problems } = await made.scrub();
    if (problems.length > 0) throw new SkeinError('corrupt', `the copy is not what it should be: ${problems[0]}`);
    signal.throwIfAborted();
    await store.become(made, () => generations.promote());
    await generations.removeFormer();
    const { identity, head } = store.facts;
    return { kind: 'recovered', log: identity.log!, position: head };
  }

  /** The copy with all of a snapshot in it. The next page is asked for while one is being stored. */
  async #filled(expected: Expectation, signal: AbortSignal): Promise<Copy> {
    this.#step = 'copying';
    let copy = await this.#opened();
    const startedAt = this.#options.clock.now();
    const documentsAtStart = documentsOf(copy);
    let asking = copy.progress?.isComplete === true ? null : this.#ask(copy.progress, signal);
    while (asking !== null) {
      const page = await asking;
      const plan = planCopy(copy.progress, page.header, expected);
      if (plan.kind === 'refuse') throw new Ended({ kind: 'refused', refusal: plan.refusal });
      if (plan.kind === 'start-over') {
        copy = await this.#startOver();
        asking = this.#ask(null, signal);
        continue;
      }
      const ahead = {
        newest: page.header.position,
        after: page.next,
        base: copy.progress?.base ?? page.header.position,
      };
      asking = page.next === null ? null : this.#ask(ahead, signal);
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
    if (answer.kind === 'too-late') throw new TooLate('the leader no longer keeps the log from where the copy began');
    throw new Ended(answer.kind === 'failed' ? answer : failed('the leader holds no snapshot for long enough'));
  }

  /** The record the first snapshot ends with, from the feed: what comes next is chained to it. */
  async #baseRecord({ base, log }: CopyProgress, signal: AbortSignal): Promise<RecordView | null> {
    if (base.offset === START.offset) return null;
    const [record] = await this.#records(base.offset - 1, { log, limit: 1 }, signal);
    return record ?? null;
  }

  async #replay(made: Store, to: Position, signal: AbortSignal): Promise<void> {
    this.#step = 'replaying';
    while (made.facts.head.offset < to.offset) {
      const log = made.facts.identity.log!;
      await made.apply(log, await this.#records(made.facts.head, { log, limit: REPLAY_CHANGES }, signal));
    }
  }

  async #records(
    since: Position | number,
    { log, limit }: { readonly log: string; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly RecordView[]> {
    const request = { since, applied: null, log, limit, waitSeconds: 0 };
    const answer = await this.#options.feed.fetch(request, signal);
    if (answer.kind === 'failed') throw new Ended(answer);
    if (answer.kind === 'refused') throw new TooLate(`${answer.refusal.code}: ${answer.refusal.detail}`);
    const { content } = answer.page;
    if (content === null) throw new Ended(failed('the leader has nothing where its snapshot was'));
    return content.payload;
  }
}

function documentsOf({ progress }: Copy): number {
  let documents = 0;
  for (const count of progress?.counts.values() ?? []) documents += count;
  return documents;
}

function failed(reason: string): Extract<RecoveryOutcome, { kind: 'failed' }> {
  return { kind: 'failed', reason, retryAfterMs: undefined };
}

function reasonOf(error: unknown): string {
  return error instanceof Error && !isSkeinError(error, 'internal') ? error.message : String(error);
}

function roundUp(seconds: number | null): number | null {
  return seconds === null ? null : Math.ceil(seconds);
}
