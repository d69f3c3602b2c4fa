import { epochContinues, type Position } from '@skein/protocol';
import { backoffDelayMs, type BackoffPolicy } from './backoff.ts';
import {
  breakerAfterFailure,
  breakerBeforeRequest,
  breakerDelayMs,
  CLOSED,
  type Breaker,
  type BreakerPolicy,
} from './breaker.ts';
import { planRecovery, type Expectation, type Obstacle, type Recovery, type Rung } from './recovery.ts';
import { nextPageSize } from './page-size.ts';
import {
  NO_PROGRESS,
  progressAfterApply,
  progressAfterContact,
  progressAfterSilence,
  type Progress,
} from './progress.ts';
import { bucketAfterTaking, bucketDelayMs, FULL, type RatePolicy, type TokenBucket } from './token-bucket.ts';

/**
 * The follower's main loop as a pure machine: `step(state, event) → { state, effects }`.
 *
 * One page is applied while the next is fetched, and at most one more waits in hand: a slow disk stops the fetching, so
 * memory is bounded by two pages. A page is taken only when it continues exactly what was fetched before it: same log,
 * next offset, chained to the same hash, no older or rival epoch. The shell performs the effects and reports what came of
 * them; every fetch carries a ticket, and answers to an old ticket, or second ones, are dropped.
 *
 *     starting ──► following ──► refused     the leader's history is not ours; an operator decides
 *                  │  ▲  │  ▲
 *           retry  ▼  │  ▼  │
 *             (failure)  recovering          the log cannot lead on from here; see `planRecovery`
 */
export interface FollowerPolicy {
  readonly backoff: BackoffPolicy;
  readonly breaker: BreakerPolicy;
  /** Null follows by long poll; a number asks again that long after being up to date. */
  readonly pollIntervalMs: number | null;
  readonly waitSeconds: number;
  readonly pageSizeMax: number;
  /** Null fetches as fast as it can. */
  readonly rate: RatePolicy | null;
  /** An operator has said that a leader which lost what this node has, or is another, is to be followed; once. */
  readonly acceptReset: boolean;
}

/** A page as the machine sees it; `payload` is carried through untouched. */
export interface FetchedPage<Payload> {
  readonly log: string;
  readonly headOffset: number;
  readonly changes: number;
  /** Changes that came before them and had come already: passed over, and fetched all the same. */
  readonly changesHere?: number;
  /** Null when there was nothing new. */
  readonly content: {
    readonly offsetFirst: number;
    readonly hashBefore: string;
    readonly epochFirst: string;
    readonly next: Position;
    readonly payload: Payload;
  } | null;
}

export interface Refusal extends Obstacle {
  readonly code: Exclude<Obstacle['code'], 'corrupt'>;
}

export type FollowerEvent<Payload> =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'fetched';
      readonly ticket: number;
      readonly page: FetchedPage<Payload>;
      readonly tookMs: number;
      readonly nowMs: number;
      readonly random: number;
    }
  | {
      readonly kind: 'fetch-failed';
      readonly ticket: number;
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly nowMs: number;
      readonly random: number;
    }
  | { readonly kind: 'fetch-refused'; readonly ticket: number; readonly refusal: Refusal; readonly nowMs: number }
  | {
      readonly kind: 'applied';
      readonly position: Position;
      readonly changes: number;
      readonly tookMs: number;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'apply-failed';
      readonly reason: string;
      readonly applied: Position;
      readonly nowMs: number;
      readonly random: number;
    }
  /** The store has met bytes that are not what was written. */
  | { readonly kind: 'found-corrupt'; readonly reason: string }
  /** The store now holds what the leader has at a position of a log. */
  | { readonly kind: 'recovered'; readonly log: string; readonly position: Position; readonly nowMs: number }
  | {
      readonly kind: 'recovery-failed';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly nowMs: number;
      readonly random: number;
    }
  | { readonly kind: 'recovery-refused'; readonly refusal: Refusal }
  | { readonly kind: 'stopped' };

export type FollowerEffect<Payload> =
  | {
      readonly kind: 'fetch';
      readonly ticket: number;
      readonly since: Position;
      readonly limit: number;
      readonly waitSeconds: number;
      readonly delayMs: number;
    }
  /** The fetch that just failed is to be tried again, with the same ticket. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly waitSeconds: number }
  | { readonly kind: 'apply'; readonly payload: Payload; readonly changes: number }
  | { readonly kind: 'cancel-fetch' }
  | {
      readonly kind: 'recover';
      readonly rung: Rung;
      readonly expectation: Expectation;
      readonly delayMs: number;
    }
  | { readonly kind: 'cancel-recovery' };

export interface FollowerState<Payload> {
  readonly phase: 'starting' | 'following' | 'recovering' | 'refused' | 'stopped';
  readonly policy: FollowerPolicy;
  readonly log: string | null;
  readonly applied: Position;
  /** Where the next fetch begins: behind everything applied, being applied, or in hand. */
  readonly fetchedTo: Position;
  readonly ticket: number;
  readonly isFetching: boolean;
  readonly isApplying: boolean;
  readonly inHand: FetchedPage<Payload> | null;
  readonly pageSize: number;
  /** Fetches that failed in a row. */
  readonly failures: number;
  /** The same for applying, counted apart: a good fetch says nothing of the disk. */
  readonly applyFailures: number;
  readonly breaker: Breaker;
  readonly bucket: TokenBucket;
  readonly progress: Progress;
  readonly refusal: Refusal | null;
  readonly recovery: Recovery | null;
  readonly mayReset: boolean;
  readonly lastError: string | null;
}

export interface FollowerStep<Payload> {
  readonly state: FollowerState<Payload>;
  readonly effects: readonly FollowerEffect<Payload>[];
}

/** A long poll that comes back empty sooner than this was not parked; asking again at once would spin. */
const PARKED_MS_MIN = 500;

export function initialFollower<Payload>(
  policy: FollowerPolicy,
  log: string | null,
  applied: Position,
): FollowerState<Payload> {
  return {
    phase: 'starting',
    policy,
    log,
    applied,
    fetchedTo: applied,
    ticket: 0,
    isFetching: false,
    isApplying: false,
    inHand: null,
    pageSize: Math.min(policy.pageSizeMax, 1000),
    failures: 0,
    applyFailures: 0,
    breaker: CLOSED,
    bucket: FULL,
    progress: { ...NO_PROGRESS, applied: applied.offset },
    refusal: null,
    recovery: null,
    mayReset: policy.acceptReset,
    lastError: null,
  };
}

export function step<Payload>(state: FollowerState<Payload>, event: FollowerEvent<Payload>): FollowerStep<Payload> {
  switch (event.kind) {
    case 'started':
      return afterStart(state);
    case 'stopped':
      return afterStop(state);
    case 'applied':
      return afterApply(state, event);
    case 'apply-failed':
      return afterApplyFailed(state, event);
    case 'found-corrupt':
      return afterFoundCorrupt(state, event.reason);
    case 'recovered':
    case 'recovery-failed':
    case 'recovery-refused':
      return state.phase === 'recovering' ? afterRecovery(state, event) : { state, effects: [] };
    case 'fetched':
    case 'fetch-failed':
    case 'fetch-refused': {
      const isAwaited = state.phase === 'following' && state.isFetching && event.ticket === state.ticket;
      return isAwaited ? afterAnswer(state, event) : { state, effects: [] };
    }
  }
}

function afterAnswer<Payload>(
  state: FollowerState<Payload>,
  event: Event<Payload, 'fetched' | 'fetch-failed' | 'fetch-refused'>,
): FollowerStep<Payload> {
  switch (event.kind) {
    case 'fetched':
      return afterFetch(state, event);
    case 'fetch-failed':
      return afterFetchFailed(state, event);
    case 'fetch-refused':
      return afterRefusal({ ...state, isFetching: false }, event.refusal);
  }
}

type Event<Payload, Kind> = Extract<FollowerEvent<Payload>, { kind: Kind }>;

function afterStart<Payload>(state: FollowerState<Payload>): FollowerStep<Payload> {
  return state.phase === 'starting' ? fetchIn({ ...state, phase: 'following' }, 0) : { state, effects: [] };
}

function afterStop<Payload>(state: FollowerState<Payload>): FollowerStep<Payload> {
  const effects: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  if (state.recovery?.isUnderWay === true) effects.push({ kind: 'cancel-recovery' });
  const progress = progressAfterSilence(state.progress);
  return { state: { ...state, phase: 'stopped', isFetching: false, inHand: null, recovery: null, progress }, effects };
}

function afterFetch<Payload>(before: FollowerState<Payload>, event: Event<Payload, 'fetched'>): FollowerStep<Payload> {
  const { page, nowMs } = event;
  const state = afterTaking(before, page.changes + (page.changesHere ?? 0), nowMs);
  if (state.log !== null && page.log !== state.log) {
    return afterRefusal(
      { ...state, isFetching: false },
      {
        code: 'other_log',
        detail: `the leader serves log ${page.log}, this node holds ${state.log}`,
      },
    );
  }
  const problem = pageProblem(state, page);
  if (problem !== undefined) return afterFetchFailed(state, { ...event, kind: 'fetch-failed', reason: problem });
  const fetched = {
    ...state,
    log: page.log,
    isFetching: false,
    failures: 0,
    breaker: CLOSED,
    progress: progressAfterContact(state.progress, page.headOffset, nowMs),
  };
  if (page.content === null) {
    // Whatever could not be applied is here after all: a failed write may have been stored.
    const applyFailures = state.isApplying ? state.applyFailures : 0;
    return fetchNext({ ...fetched, applyFailures }, pauseAfterEmpty(state, event), nowMs);
  }
  return take({ ...fetched, inHand: page, fetchedTo: page.content.next }, nowMs);
}

/** Why a page does not continue what this node has, or undefined when it does. */
function pageProblem<Payload>(state: FollowerState<Payload>, page: FetchedPage<Payload>): string | undefined {
  const { content, headOffset } = page;
  const { fetchedTo } = state;
  if (content === null) {
    return headOffset === fetchedTo.offset
      ? undefined
      : `the page is empty, and the leader's head is ${headOffset}, not ${fetchedTo.offset}`;
  }
  if (content.offsetFirst !== fetchedTo.offset + 1) {
    return `the page begins at ${content.offsetFirst}, not at ${fetchedTo.offset + 1}`;
  }
  if (content.hashBefore !== fetchedTo.hash) return `the page is not chained to offset ${fetchedTo.offset}`;
  if (fetchedTo.offset > 0 && !epochContinues(fetchedTo.epoch, content.epochFirst)) {
    return `the page is of epoch ${content.epochFirst}, older than ${fetchedTo.epoch} or its rival`;
  }
  return undefined;
}

function pauseAfterEmpty<Payload>(state: FollowerState<Payload>, event: Event<Payload, 'fetched'>): number {
  if (state.policy.pollIntervalMs !== null) return state.policy.pollIntervalMs;
  // The question that makes contact does not ask to be parked.
  if (!state.progress.connected) return 0;
  return event.tookMs >= PARKED_MS_MIN ? 0 : PARKED_MS_MIN;
}

/**
 * Moves the page in hand to the disk when the disk is free, and asks for the one behind it. Behind a page that reaches the
 * leader's head there is nothing yet: that question waits until the page is durable, so that it carries the
 * acknowledgement of it.
 */
function take<Payload>(state: FollowerState<Payload>, nowMs: number): FollowerStep<Payload> {
  if (state.isApplying || state.inHand === null) return { state, effects: [] };
  const { changes, content, headOffset } = state.inHand;
  const apply: FollowerEffect<Payload> = { kind: 'apply', payload: content!.payload, changes };
  const taken = { ...state, inHand: null, isApplying: true };
  if (content!.next.offset >= headOffset) return { state: taken, effects: [apply] };
  const next = fetchNext<Payload>(taken, 0, nowMs);
  return { state: next.state, effects: [apply, ...next.effects] };
}

/** What came has been fetched, whether it turns out to be of use or not. */
function afterTaking<Payload>(state: FollowerState<Payload>, changes: number, nowMs: number): FollowerState<Payload> {
  const { rate } = state.policy;
  return rate === null ? state : { ...state, bucket: bucketAfterTaking(state.bucket, rate, changes, nowMs) };
}

/** How long a fetch is held back because of what was fetched before it. */
export function rateDelayMs<Payload>({ policy, bucket }: FollowerState<Payload>, nowMs: number): number {
  return policy.rate === null ? 0 : bucketDelayMs(bucket, policy.rate, nowMs);
}

function fetchNext<Payload>(state: FollowerState<Payload>, pauseMs: number, nowMs: number): FollowerStep<Payload> {
  return fetchIn(state, Math.max(pauseMs, rateDelayMs(state, nowMs)));
}

function fetchIn<Payload>(state: FollowerState<Payload>, delayMs: number): FollowerStep<Payload> {
  if (state.phase !== 'following' || state.isFetching || state.inHand !== null) return { state, effects: [] };
  const ticket = state.ticket + 1;
  const waitSeconds = mayPark(state) ? state.policy.waitSeconds : 0;
  const fetch: FollowerEffect<Payload> = {
    kind: 'fetch',
    ticket,
    since: state.fetchedTo,
    // Of what is limited by the second no more than a second's is asked for, or contact would be made too seldom.
    limit: Math.min(state.pageSize, state.policy.rate?.perSecond ?? Infinity),
    waitSeconds,
    delayMs,
  };
  return { state: { ...state, ticket, isFetching: true }, effects: [fetch] };
}

/**
 * Out of contact, the first news is that the leader answers: that must not wait for a change. And where there are changes
 * nothing is waited for, so whatever time the answer takes is the leader's own.
 */
function mayPark<Payload>({ policy, progress, fetchedTo }: FollowerState<Payload>): boolean {
  return policy.pollIntervalMs === null && progress.connected && fetchedTo.offset >= (progress.leaderHead ?? 0);
}

function afterApply<Payload>(state: FollowerState<Payload>, event: Event<Payload, 'applied'>): FollowerStep<Payload> {
  const applied = {
    ...state,
    isApplying: false,
    applyFailures: 0,
    applied: event.position,
    pageSize: nextPageSize(state.pageSize, state.policy.pageSizeMax, { changes: event.changes, applyMs: event.tookMs }),
    progress: progressAfterApply(state.progress, event.position.offset),
  };
  if (applied.phase === 'recovering') return beginRecovery(applied, 0);
  return applied.inHand === null ? fetchNext(applied, 0, event.nowMs) : take(applied, event.nowMs);
}

function afterFetchFailed<Payload>(
  state: FollowerState<Payload>,
  event: Event<Payload, 'fetch-failed'>,
): FollowerStep<Payload> {
  const failures = state.failures + 1;
  const breaker = breakerAfterFailure(
    breakerBeforeRequest(state.breaker, event.nowMs),
    state.policy.breaker,
    event.nowMs,
  );
  const backoffMs = backoffDelayMs(state.policy.backoff, failures, event.random, event.retryAfterMs);
  const delayMs = Math.max(backoffMs, breakerDelayMs(breaker, event.nowMs), rateDelayMs(state, event.nowMs));
  const progress = progressAfterSilence(state.progress);
  return {
    state: { ...state, failures, breaker, progress, lastError: event.reason },
    effects: [{ kind: 'retry', delayMs, waitSeconds: 0 }],
  };
}

/** Takes the way past the refusal, if there is one; otherwise an operator has to. */
function afterRefusal<Payload>(state: FollowerState<Payload>, refusal: Refusal): FollowerStep<Payload> {
  return recoverFrom(state, refusal) ?? refuse(state, refusal);
}

function refuse<Payload>(state: FollowerState<Payload>, refusal: Refusal): FollowerStep<Payload> {
  const lastError = `${refusal.code}: ${refusal.detail}`;
  const progress = progressAfterSilence(state.progress);
  return {
    state: { ...state, phase: 'refused', inHand: null, recovery: null, refusal, lastError, progress },
    effects: [],
  };
}

function recoverFrom<Payload>(state: FollowerState<Payload>, obstacle: Obstacle): FollowerStep<Payload> | undefined {
  const recovery = planRecovery(obstacle, state);
  if (recovery === null) return undefined;
  const recovering: FollowerState<Payload> = {
    ...state,
    phase: 'recovering',
    inHand: null,
    recovery,
    progress: progressAfterSilence(state.progress),
    lastError: `${obstacle.code}: ${obstacle.detail}`,
  };
  return beginRecovery(recovering, 0);
}

/** Begins once the page that is being applied is done with: until then the store is not at rest. */
function beginRecovery<Payload>(state: FollowerState<Payload>, delayMs: number): FollowerStep<Payload> {
  const { recovery } = state;
  if (recovery === null || recovery.isUnderWay || state.isApplying) return { state, effects: [] };
  const { rung, expectation } = recovery;
  return {
    state: { ...state, recovery: { ...recovery, isUnderWay: true } },
    effects: [{ kind: 'recover', rung, expectation, delayMs }],
  };
}

function afterRecovery<Payload>(
  state: FollowerState<Payload>,
  event: Event<Payload, 'recovered' | 'recovery-failed' | 'recovery-refused'>,
): FollowerStep<Payload> {
  switch (event.kind) {
    case 'recovered':
      return afterRecovered(state, event);
    case 'recovery-failed':
      return afterRecoveryFailed(state, event);
    case 'recovery-refused':
      return afterRefusal({ ...state, recovery: null }, event.refusal);
  }
}

function afterRecovered<Payload>(
  state: FollowerState<Payload>,
  { log, position, nowMs }: Event<Payload, 'recovered'>,
): FollowerStep<Payload> {
  const isSameLog = log === state.log;
  const { progress } = state;
  const recovered: FollowerState<Payload> = {
    ...state,
    phase: 'following',
    log,
    applied: position,
    fetchedTo: position,
    failures: 0,
    applyFailures: 0,
    breaker: CLOSED,
    recovery: null,
    mayReset: state.mayReset && state.recovery?.isReset !== true,
    // When it was last up to date with another log says nothing of this one.
    progress: { ...(isSameLog ? progress : NO_PROGRESS), applied: position.offset, connected: false },
    lastError: null,
  };
  return fetchNext(recovered, 0, nowMs);
}

/** Tried again, also when it cannot work as things are: they may be changed meanwhile, and it says what it waits for. */
function afterRecoveryFailed<Payload>(
  state: FollowerState<Payload>,
  { reason, retryAfterMs, random }: Event<Payload, 'recovery-failed'>,
): FollowerStep<Payload> {
  const recovery = { ...state.recovery!, isUnderWay: false, failures: state.recovery!.failures + 1 };
  const delayMs = backoffDelayMs(state.policy.backoff, recovery.failures, random, retryAfterMs);
  return beginRecovery({ ...state, recovery, lastError: reason }, delayMs);
}

/** Whatever is under way for a store that cannot be believed is given up. */
function afterFoundCorrupt<Payload>(state: FollowerState<Payload>, reason: string): FollowerStep<Payload> {
  if (state.phase !== 'following') return { state, effects: [] };
  const cancel: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  const { state: recovering, effects } = recoverFrom(
    { ...state, isFetching: false, fetchedTo: state.applied },
    { code: 'corrupt', detail: reason },
  )!;
  return { state: recovering, effects: [...cancel, ...effects] };
}

/** Nothing of the page is here, so everything fetched behind it is worthless: begin again at what is durable. */
function afterApplyFailed<Payload>(
  state: FollowerState<Payload>,
  event: Event<Payload, 'apply-failed'>,
): FollowerStep<Payload> {
  const cleared = {
    ...state,
    applied: event.applied,
    fetchedTo: event.applied,
    inHand: null,
    isApplying: false,
    isFetching: false,
    applyFailures: state.applyFailures + 1,
    progress: { ...progressAfterSilence(state.progress), applied: event.applied.offset },
    lastError: event.reason,
  };
  if (state.phase === 'recovering') return beginRecovery(cleared, 0);
  if (state.phase !== 'following') return { state: cleared, effects: [] };
  const cancel: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  const backoffMs = backoffDelayMs(state.policy.backoff, cleared.applyFailures, event.random);
  const pauseMs = Math.max(backoffMs, breakerDelayMs(state.breaker, event.nowMs));
  const next = fetchNext<Payload>(cleared, pauseMs, event.nowMs);
  return { state: next.state, effects: [...cancel, ...next.effects] };
}
