import { receivePage, type Clock, type ReceivedPage, type Store } from '@skein/core';
import { reasonOf, type PushedRecord, type PushOutcome } from '@skein/http';
import { isSkeinError, recordPosition, type Epoch, type RecordView } from '@skein/protocol';
import {
  initialFollower,
  isNextPushed,
  isOnlyLate,
  lateSentence,
  leaderCallMs,
  NO_LAG,
  pageBehind,
  pageBehindPushed,
  step,
  type Expectation,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerPolicy,
  type FetchedPage,
  type FollowerState,
  type Rung,
} from '@skein/replication';
import pRetry from 'p-retry';
import type { FeedClient } from './feed-client.ts';
import type { RecoveryOutcome } from './recovery/outcome.ts';

type Payload = ReceivedPage;
export type ReplicatorState = FollowerState<Payload>;
type Effect<Kind> = Extract<FollowerEffect<Payload>, { kind: Kind }>;

export type SyncErrorType = 'sync_failed' | 'apply_failed' | 'connection_error';

/** What happens in the loop, for logs and metrics. */
export interface ReplicatorObserver {
  /** It is as of now up to date, and nothing had to be applied for that. */
  heardUpToDate(): void;
  /** The leader has answered, whatever it was; the time it was to wait is not counted. */
  answered(callMs: number): void;
  fetched(page: { readonly changes: number; readonly tookMs: number }): void;
  /** Changes came that this node has; they were passed over. */
  deduped(changes: number): void;
  applied(page: { readonly changes: number; readonly tookMs: number }): void;
  failed(type: SyncErrorType, reason: string): void;
  heldBack(): void;
  refused(reason: string): void;
  /** The log does not lead on; it comes back another way. */
  recovering(reason: string): void;
  declined(rung: Rung, reason: string): void;
  recovered(how: RecoveredHow): void;
}

export interface RecoveredHow {
  readonly rung: Rung;
  readonly offset: number;
  readonly documentsMoved: number;
  readonly tookMs: number;
}

export interface ReplicatorOptions {
  readonly store: Store;
  readonly client: FeedClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: FollowerPolicy;
  /** How a store comes back when the log does not lead on. */
  readonly recover: (rung: Rung, expected: Expectation, signal: AbortSignal) => Promise<RecoveryOutcome>;
  readonly observer: ReplicatorObserver;
}

/** Asks the retry loop for another attempt; when, and how, was the machine's decision. */
class RetryLater extends Error {
  readonly retry: Effect<'retry'>;

  constructor(retry: Effect<'retry'>) {
    super('retry');
    this.retry = retry;
  }
}

/**
 * The shell around the follower machine: hands it what happened, does what it says. It holds no decisions of its own.
 */
export class Replicator {
  readonly #options: ReplicatorOptions;
  #state: FollowerState<Payload>;
  #fetching = new AbortController();
  #recovering = new AbortController();
  readonly #asking = new AbortController();
  #leaderEpoch: string | null = null;
  /** The same, where whom it follows leads; one that follows another node may not have yet what the leader pushes. */
  #pushedEpoch: string | null = null;
  /** Called after each step. */
  #onStep: () => void = () => undefined;
  #unwatch: () => void = () => undefined;
  readonly #tasks = new Set<Promise<void>>();

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    const { identity, head } = options.store.facts;
    this.#state = initialFollower(options.policy, identity.log, head);
  }

  get state(): ReplicatorState {
    return this.#state;
  }

  /** The epoch the leader last answered with. */
  get leaderEpoch(): string | null {
    return this.#leaderEpoch;
  }

  start(): void {
    const { store, clock, random } = this.#options;
    this.#unwatch = store.watch((state) => {
      if (state === 'ready') this.#dispatch({ kind: 'store-ready', nowMs: clock.now(), random: random() });
    });
    this.#dispatch({ kind: 'started' });
  }

  /** Follows, and hears from its leader. */
  get isInContact(): boolean {
    const { phase, progress } = this.#state;
    return phase === 'following' && progress.connected;
  }

  /**
   * Asks where the log ends, beside the loop, and wherever the node that is followed has to ask in turn: all that was written
   * when this was asked is before it.
   */
  async ask(): Promise<number> {
    const { client, clock } = this.#options;
    const { phase, applied, log } = this.#state;
    if (phase !== 'following') throw new Error(`this node does not follow, it is ${phase}`);
    const answer = await client.ask({ applied, log }, this.#asking.signal);
    if (answer.kind === 'failed') throw new Error(answer.reason);
    if (answer.kind === 'refused') throw new Error(`${answer.refusal.code}: ${answer.refusal.detail}`);
    const { log: theirs, headOffset: head, lag } = answer.page;
    if (theirs !== this.#state.log)
      throw new Error(`the leader serves log ${theirs}, this node holds ${this.#state.log}`);
    // That there is more is known whether or not it is known since when.
    this.#dispatch({ kind: 'heard', head, leaderHead: head + (lag.changes ?? 0), nowMs: clock.now() });
    if (lag.ms === null) throw new Error('the node it follows does not know how old what it has is');
    return head;
  }

  /**
   * A record that came beside the feed. It is taken when it is the next one, proven as if it had come that way; of any other
   * nothing is believed but that there may be more.
   */
  pushed({ log, record }: PushedRecord): PushOutcome {
    const { offsetFirst, offsetLast, hashBefore, epoch } = record;
    const head = { offsetFirst, hashBefore, epochFirst: epoch, next: recordPosition(record) };
    const leaderEpoch = this.#pushedEpoch;
    if (!isNextPushed(this.#state, { log, content: head }, leaderEpoch)) {
      this.#dispatch({ kind: 'push-missed', log, offset: offsetLast, nowMs: this.#options.clock.now() });
      return 'not_next';
    }
    let payload: Payload;
    try {
      payload = receivePage([record], epoch);
    } catch {
      return 'refused';
    }
    const changes = offsetLast - offsetFirst + 1;
    const page = { log, headOffset: offsetLast, lag: NO_LAG, changes, content: { ...head, payload } };
    this.#dispatch({ kind: 'pushed', page, leaderEpoch });
    return 'taken';
  }

  /** The leader answers others again: it need not be left alone any longer. */
  leaderReturned(): void {
    this.#dispatch({ kind: 'leader-returned', nowMs: this.#options.clock.now() });
  }

  /** One that was refused may be another since. */
  leaderHasEpoch(epoch: Epoch): void {
    if (this.#state.phase === 'refused')
      this.#dispatch({ kind: 'leader-epoch', epoch, nowMs: this.#options.clock.now() });
  }

  /** Nothing more is applied until it is said how far, or that it may go on. */
  hold(): void {
    this.#dispatch({ kind: 'hold' });
  }

  release(): void {
    this.#dispatch({ kind: 'release', nowMs: this.#options.clock.now() });
  }

  /** Resolves when all up to an offset is applied, and nothing beyond it. */
  async standAt(offset: number, waitMs: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    let isThere = false;
    this.#onStep = () => {
      const { applied, isApplying } = this.#state;
      isThere ||= !isApplying && applied.offset >= offset;
      if (isThere) end();
    };
    signal.addEventListener('abort', end, { once: true });
    this.#dispatch({ kind: 'hold-at', offset, nowMs: this.#options.clock.now() });
    if (!signal.aborted) await this.#options.clock.sleep(waitMs, waiting.signal).catch(() => undefined);
    signal.removeEventListener('abort', end);
    this.#onStep = () => undefined;
    if (!isThere) throw new Error(`this node has not come to ${offset} in time`);
  }

  /** Lets the page being applied finish; fetches nothing more. */
  async stop(): Promise<void> {
    this.#unwatch();
    this.#asking.abort(new Error('the node is stopping'));
    this.#dispatch({ kind: 'stopped' });
    await Promise.all(this.#tasks);
  }

  /** Moves the machine on and starts its effects. Answers how to retry, when the fetch that reported is to be retried. */
  #dispatch(event: FollowerEvent<Payload>): Effect<'retry'> | undefined {
    const before = this.#state;
    const { state, effects } = step(before, event);
    this.#state = state;
    if (state.inHand !== null && before.inHand === null) this.#options.observer.heldBack();
    if (event.kind === 'fetched' && state.progress.upToDate !== before.progress.upToDate)
      this.#options.observer.heardUpToDate();
    if (state.phase === 'refused' && before.phase !== 'refused') this.#options.observer.refused(state.lastError!);
    if (state.phase === 'recovering' && before.phase !== 'recovering')
      this.#options.observer.recovering(state.lastError!);
    let retry: Effect<'retry'> | undefined;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'fetch':
          this.#run(this.#fetch(effect));
          break;
        case 'apply':
          this.#run(this.#apply(effect));
          break;
        case 'cancel-fetch':
          this.#fetching.abort();
          break;
        case 'recover':
          this.#run(this.#recover(effect));
          break;
        case 'cancel-recovery':
          this.#recovering.abort();
          break;
        case 'retry':
          retry = effect;
          break;
      }
    }
    this.#onStep();
    return retry;
  }

  #run(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async #fetch(effect: Effect<'fetch'>): Promise<void> {
    const { clock } = this.#options;
    this.#fetching = new AbortController();
    const { signal } = this.#fetching;
    let request = effect;
    try {
      await clock.sleep(effect.delayMs, signal);
      await pRetry(() => this.#attempt(request, signal), {
        retries: Infinity,
        minTimeout: 0,
        maxTimeout: 0,
        signal,
        onFailedAttempt: async ({ error }) => {
          const { delayMs, waitSeconds } = (error as RetryLater).retry;
          request = { ...effect, waitSeconds };
          await clock.sleep(delayMs, signal);
        },
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #attempt(request: Effect<'fetch'>, signal: AbortSignal): Promise<void> {
    this.#lookAtStore();
    signal.throwIfAborted();
    // What was pushed meanwhile is not asked for again.
    const retry = this.#dispatch(await this.#ask({ ...request, since: this.#state.fetchedTo }, signal));
    if (retry !== undefined) throw new RetryLater(retry);
  }

  async #ask(
    { ticket, since, limit, waitSeconds }: Effect<'fetch'>,
    signal: AbortSignal,
  ): Promise<FollowerEvent<Payload>> {
    const { client, clock, random, observer } = this.#options;
    const { applied, log } = this.#state;
    const startedAt = clock.now();
    const failed = (type: SyncErrorType, reason: string, retryAfterMs?: number): FollowerEvent<Payload> => {
      if (!signal.aborted) observer.failed(type, reason);
      return { kind: 'fetch-failed', ticket, reason, retryAfterMs, nowMs: clock.now(), random: random() };
    };
    try {
      const answer = await client.fetch({ since, applied, log, limit, waitSeconds }, signal);
      const nowMs = clock.now();
      observer.answered(leaderCallMs(nowMs - startedAt, waitSeconds));
      if (answer.kind === 'failed') return failed('sync_failed', answer.reason, answer.retryAfterMs);
      if (answer.kind === 'refused') {
        const { refusal, role } = answer;
        if (isOnlyLate(refusal.code, role, this.#state.mayReset))
          return failed('sync_failed', lateSentence(refusal.detail));
        return { kind: 'fetch-refused', ticket, refusal, nowMs };
      }
      this.#leaderEpoch = answer.epoch;
      this.#pushedEpoch = answer.role === 'leader' ? answer.epoch : null;
      const asked = pageBehind(answer.page, since);
      const behind = pageBehindPushed(asked.page, since, this.#state.fetchedTo);
      const changesHere = asked.changesHere + behind.changesHere;
      if (changesHere > 0) observer.deduped(changesHere);
      // Proven and taken apart while the page before it is being written.
      const page = received(behind.page, answer.epoch ?? undefined);
      observer.fetched({ changes: page.changes, tookMs: nowMs - startedAt });
      return { kind: 'fetched', ticket, page, tookMs: nowMs - startedAt, nowMs, random: random() };
    } catch (error) {
      return failed(isSkeinError(error) ? 'sync_failed' : 'connection_error', reasonOf(error));
    }
  }

  async #apply({ payload, upTo }: Effect<'apply'>): Promise<void> {
    const { store, clock, random, observer } = this.#options;
    const startedAt = clock.now();
    try {
      const page = upTo === null ? payload : partOf(payload, upTo);
      const position = await store.apply(this.#state.log!, page);
      const nowMs = clock.now();
      const tookMs = nowMs - startedAt;
      this.#dispatch({ kind: 'applied', position, changes: page.changes.length, tookMs, nowMs });
      observer.applied({ changes: page.changes.length, tookMs });
    } catch (error) {
      const reason = reasonOf(error);
      observer.failed('apply_failed', reason);
      this.#dispatch({
        kind: 'apply-failed',
        reason,
        applied: store.facts.head,
        nowMs: clock.now(),
        random: random(),
      });
      this.#lookAtStore();
    }
  }

  /** A store may find itself corrupt at any read; it is asked whenever the loop comes round. */
  #lookAtStore(): void {
    const { state, failure } = this.#options.store;
    if (state === 'corrupt') this.#dispatch({ kind: 'found-corrupt', reason: failure ?? 'the store is corrupt' });
  }

  async #recover({ rung, expectation, delayMs }: Effect<'recover'>): Promise<void> {
    const { clock, random, observer } = this.#options;
    this.#recovering = new AbortController();
    const { signal } = this.#recovering;
    await clock.sleep(delayMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const startedAt = clock.now();
    const outcome = await this.#options.recover(rung, expectation, signal);
    const nowMs = clock.now();
    switch (outcome.kind) {
      case 'recovered': {
        const { log, position, documentsMoved } = outcome;
        this.#dispatch({ kind: 'recovered', log, position, nowMs });
        observer.recovered({ rung, offset: position.offset, documentsMoved, tookMs: nowMs - startedAt });
        break;
      }
      case 'declined':
        observer.declined(rung, outcome.reason);
        this.#dispatch({ kind: 'recovery-declined', reason: outcome.reason });
        break;
      case 'refused':
        this.#dispatch({ kind: 'recovery-refused', refusal: outcome.refusal });
        break;
      case 'failed':
        if (!signal.aborted) observer.failed('sync_failed', outcome.reason);
        this.#dispatch({ ...outcome, kind: 'recovery-failed', nowMs, random: random() });
        break;
    }
  }
}

function received({ content, ...page }: FetchedPage<readonly RecordView[]>, leader?: Epoch): FetchedPage<Payload> {
  return { ...page, content: content === null ? null : { ...content, payload: receivePage(content.payload, leader) } };
}

/** The records of a page up to an offset, at which one of them ends. */
function partOf({ records, changes, leader }: ReceivedPage, upTo: number): ReceivedPage {
  return {
    leader,
    records: records.filter(({ offsetLast }) => offsetLast <= upTo),
    changes: changes.filter(({ offset }) => offset <= upTo),
  };
}
