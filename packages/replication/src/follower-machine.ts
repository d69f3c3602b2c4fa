import { epochContinues } from '@skein/protocol';
import { backoffDelayMs } from './backoff.ts';
import { breakerAfterFailure, breakerBeforeRequest, breakerDelayMs, CLOSED } from './breaker.ts';
import { fetchIn, fetchNext, isPausing, rateDelayMs } from './follower-fetch.ts';
import { afterPush, afterPushMissed } from './follower-push.ts';
import { afterFoundCorrupt, afterRecovery, afterRefusal, beginRecovery } from './follower-recovery.ts';
import type {
  EventOf,
  FetchedPage,
  FollowerEffect,
  FollowerEvent,
  FollowerState,
  FollowerStep,
} from './follower-state.ts';
import { nextPageSize } from './page-size.ts';
import { progressAfterApply, progressAfterContact, progressAfterHearing, progressAfterSilence } from './progress.ts';
import { isAbove } from './recovery.ts';
import { bucketAfterTaking } from './token-bucket.ts';

/**
 * The follower's main loop as a pure machine: `step(state, event) → { state, effects }`.
 *
 * One page is applied while the next is fetched, and at most one more waits in hand: a slow disk stops the fetching, so
 * memory is bounded by two pages. A page is taken only when it continues exactly what was fetched before it: same log,
 * next offset, chained to the same hash, no older or rival epoch. The shell performs the effects and reports what came of
 * them; every fetch carries a ticket, and answers to an old ticket, or second ones, are dropped.
 *
 *     starting ──► following ◄─► refused     the leader's history is not ours; an operator decides, here or there
 *                  │  ▲  │  ▲
 *           retry  ▼  │  ▼  │
 *             (failure)  recovering          the log cannot lead on from here; see `planRecovery`
 */
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
    case 'pushed':
      return afterPush(state, event);
    case 'push-missed':
      return afterPushMissed(state, event);
    case 'heard':
      return afterHearing(state, event);
    case 'leader-returned':
      return afterReturn(state, event);
    case 'leader-epoch':
      return afterLeaderEpoch(state, event);
    case 'store-ready':
      return afterStoreReady(state, event);
    case 'found-corrupt':
      return afterFoundCorrupt(state, event.reason);
    case 'hold':
      return { state: { ...state, hold: { at: null } }, effects: [] };
    case 'hold-at':
      return take({ ...state, hold: { at: event.offset } }, event.nowMs);
    case 'release':
      return take({ ...state, hold: null }, event.nowMs);
    case 'recovered':
    case 'recovery-failed':
    case 'recovery-refused':
    case 'recovery-declined':
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
  event: EventOf<Payload, 'fetched' | 'fetch-failed' | 'fetch-refused'>,
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

/** A long poll that comes back empty sooner than this was not parked; asking again at once would spin. */
const PARKED_MS_MIN = 500;

function afterStart<Payload>(state: FollowerState<Payload>): FollowerStep<Payload> {
  return state.phase === 'starting' ? fetchIn({ ...state, phase: 'following' }, 0, null) : { state, effects: [] };
}

function afterStop<Payload>(state: FollowerState<Payload>): FollowerStep<Payload> {
  const effects: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  if (state.recovery?.isUnderWay === true) effects.push({ kind: 'cancel-recovery' });
  const progress = progressAfterSilence(state.progress);
  return { state: { ...state, phase: 'stopped', isFetching: false, inHand: null, recovery: null, progress }, effects };
}

function afterFetch<Payload>(
  before: FollowerState<Payload>,
  event: EventOf<Payload, 'fetched'>,
): FollowerStep<Payload> {
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
    progress: progressAfterContact(state.progress, page.headOffset, page.lag, nowMs),
  };
  if (page.content === null) {
    // What was pushed is being applied: the next question is to acknowledge it.
    if (state.isApplying) return { state: fetched, effects: [] };
    // Whatever could not be applied is here after all: a failed write may have been stored.
    return fetchNext({ ...fetched, applyFailures: 0 }, pauseAfterEmpty(state, event), nowMs);
  }
  return take({ ...fetched, inHand: page, fetchedTo: page.content.next }, nowMs);
}

/** Why a page does not continue what this node has, or undefined when it does. */
function pageProblem<Payload>(state: FollowerState<Payload>, page: FetchedPage<Payload>): string | undefined {
  const { content, headOffset } = page;
  const { fetchedTo } = state;
  if (content === null) {
    // All that came had been pushed, and the leader has more.
    const hasMore = (page.changesHere ?? 0) > 0 && headOffset > fetchedTo.offset;
    return hasMore || headOffset === fetchedTo.offset
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

function pauseAfterEmpty<Payload>(state: FollowerState<Payload>, event: EventOf<Payload, 'fetched'>): number {
  // All that came had been pushed, and there is more.
  if (event.page.headOffset > state.fetchedTo.offset) return 0;
  if (state.policy.pollIntervalMs !== null) return state.policy.pollIntervalMs;
  // The question that makes contact does not ask to be parked.
  if (!state.progress.connected) return 0;
  // It came back for changes, which had been pushed before.
  const wasWoken = (event.page.changesHere ?? 0) > 0;
  return wasWoken || event.tookMs >= PARKED_MS_MIN ? 0 : PARKED_MS_MIN;
}

/**
 * Moves the page in hand to the disk when the disk is free, and asks for the one behind it. Behind a page that reaches the
 * leader's head there is nothing yet: that question waits until the page is durable, so that it carries the
 * acknowledgement of it.
 */
function take<Payload>(state: FollowerState<Payload>, nowMs: number): FollowerStep<Payload> {
  if (state.isApplying || state.inHand === null || isHeld(state)) return { state, effects: [] };
  const { changes, content, headOffset } = state.inHand;
  const holdAt = state.hold?.at ?? Infinity;
  const upTo = content!.next.offset > holdAt ? holdAt : null;
  const apply: FollowerEffect<Payload> = { kind: 'apply', payload: content!.payload, changes, upTo };
  const taken = { ...state, inHand: null, isApplying: true };
  // Of a page that is cut, nobody knows yet where the rest of it begins.
  if (upTo !== null || content!.next.offset >= headOffset) return { state: taken, effects: [apply] };
  const next = fetchNext<Payload>(taken, 0, nowMs);
  return { state: next.state, effects: [apply, ...next.effects] };
}

function isHeld<Payload>({ hold, applied }: FollowerState<Payload>): boolean {
  return hold !== null && (hold.at === null || applied.offset >= hold.at);
}

/** What came has been fetched, whether it turns out to be of use or not. */
function afterTaking<Payload>(state: FollowerState<Payload>, changes: number, nowMs: number): FollowerState<Payload> {
  const { rate } = state.policy;
  return rate === null ? state : { ...state, bucket: bucketAfterTaking(state.bucket, rate, changes, nowMs) };
}

function afterApply<Payload>(state: FollowerState<Payload>, event: EventOf<Payload, 'applied'>): FollowerStep<Payload> {
  const applied = {
    ...state,
    isApplying: false,
    applyFailures: 0,
    applied: event.position,
    // Of a page that was cut, the rest is fetched again.
    fetchedTo: state.inHand === null && !state.isFetching ? event.position : state.fetchedTo,
    pageSize: nextPageSize(state.pageSize, state.policy.pageSizeMax, { changes: event.changes, applyMs: event.tookMs }),
    progress: progressAfterApply(state.progress, event.position.offset),
  };
  if (applied.phase === 'recovering') return beginRecovery(applied, 0);
  return applied.inHand === null ? fetchNext(applied, 0, event.nowMs) : take(applied, event.nowMs);
}

function afterFetchFailed<Payload>(
  state: FollowerState<Payload>,
  event: EventOf<Payload, 'fetch-failed'>,
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

/** Nothing of the page is here, so everything fetched behind it is worthless: begin again at what is durable. */
function afterApplyFailed<Payload>(
  state: FollowerState<Payload>,
  event: EventOf<Payload, 'apply-failed'>,
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
  return fetchAnew({ ...cleared, isFetching: state.isFetching }, cleared.applyFailures, event);
}

/**
 * Somebody waits for what is there: between two polls it is fetched at once. A request that stands at the leader has it already,
 * one that is under way is not begun anew, and what failures hold back stays held back.
 */
function afterHearing<Payload>(
  before: FollowerState<Payload>,
  event: EventOf<Payload, 'heard'>,
): FollowerStep<Payload> {
  const state = { ...before, progress: progressAfterHearing(before.progress, event.leaderHead) };
  if (
    !isPausing(state, event.nowMs) ||
    state.failures > 0 ||
    state.applyFailures > 0 ||
    event.head <= state.fetchedTo.offset
  )
    return { state, effects: [] };
  const next = fetchNext<Payload>({ ...state, isFetching: false }, 0, event.nowMs);
  return { state: next.state, effects: [{ kind: 'cancel-fetch' }, ...next.effects] };
}

/** What was to be asked a while later, since nobody answered, is asked now; if nobody does after all, it goes on as before. */
function afterReturn<Payload>(
  state: FollowerState<Payload>,
  { nowMs }: EventOf<Payload, 'leader-returned'>,
): FollowerStep<Payload> {
  if (state.phase !== 'following' || !state.isFetching || state.failures === 0) return { state, effects: [] };
  const next = fetchNext<Payload>({ ...state, isFetching: false }, 0, nowMs);
  return { state: next.state, effects: [{ kind: 'cancel-fetch' }, ...next.effects] };
}

/**
 * A leader that was refused is asked again when it has another epoch since, above what is here: an operator has promoted it,
 * or restored it as it should have been. Of another log no epoch says anything.
 */
function afterLeaderEpoch<Payload>(
  state: FollowerState<Payload>,
  { epoch, nowMs }: EventOf<Payload, 'leader-epoch'>,
): FollowerStep<Payload> {
  const { phase, refusal, applied, isApplying } = state;
  const isAnother = refusal !== null && refusal.code !== 'other_log' && refusal.epoch !== epoch;
  if (phase !== 'refused' || isApplying || !isAnother || !isAbove(epoch, applied)) return { state, effects: [] };
  return fetchNext({ ...state, phase: 'following', refusal: null, fetchedTo: applied, failures: 0 }, 0, nowMs);
}

/** What could not be applied need not wait for its time any more, unless its disk only comes and goes. */
function afterStoreReady<Payload>(
  state: FollowerState<Payload>,
  event: EventOf<Payload, 'store-ready'>,
): FollowerStep<Payload> {
  const isWaiting = state.phase === 'following' && state.applyFailures > 0 && !state.isApplying;
  return isWaiting ? fetchAnew(state, 1, event) : { state, effects: [] };
}

/** Gives up what is being asked for, and asks again after so many failures to apply. */
function fetchAnew<Payload>(
  state: FollowerState<Payload>,
  applyFailures: number,
  { nowMs, random }: { readonly nowMs: number; readonly random: number },
): FollowerStep<Payload> {
  const cancel: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  const backoffMs = backoffDelayMs(state.policy.backoff, applyFailures, random);
  const pauseMs = Math.max(backoffMs, breakerDelayMs(state.breaker, nowMs));
  const next = fetchNext<Payload>({ ...state, isFetching: false }, pauseMs, nowMs);
  return { state: next.state, effects: [...cancel, ...next.effects] };
}
