import { backoffDelayMs } from './backoff.ts';
import { CLOSED } from './breaker.ts';
import { fetchNext } from './follower-fetch.ts';
import type { EventOf, FollowerEffect, FollowerState, FollowerStep, Refusal } from './follower-state.ts';
import { NO_PROGRESS, progressAfterRecovery, progressAfterSilence } from './progress.ts';
import { expectationOf, planRecovery, type Obstacle } from './recovery.ts';

/** Takes the way past the refusal, if there is one; otherwise an operator has to. */
export function afterRefusal<Payload>(state: FollowerState<Payload>, refusal: Refusal): FollowerStep<Payload> {
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
export function beginRecovery<Payload>(state: FollowerState<Payload>, delayMs: number): FollowerStep<Payload> {
  const { recovery } = state;
  if (recovery === null || recovery.isUnderWay || state.isApplying) return { state, effects: [] };
  return {
    state: { ...state, recovery: { ...recovery, isUnderWay: true } },
    effects: [{ kind: 'recover', rung: recovery.rung, expectation: expectationOf(recovery, state), delayMs }],
  };
}

export function afterRecovery<Payload>(
  state: FollowerState<Payload>,
  event: EventOf<Payload, 'recovered' | 'recovery-failed' | 'recovery-refused' | 'recovery-declined'>,
): FollowerStep<Payload> {
  switch (event.kind) {
    case 'recovered':
      return afterRecovered(state, event);
    case 'recovery-failed':
      return afterRecoveryFailed(state, event);
    case 'recovery-declined':
      return beginRecovery(
        { ...state, recovery: { ...state.recovery!, rung: 'copy', isUnderWay: false }, lastError: event.reason },
        0,
      );
    case 'recovery-refused':
      return afterRefusal({ ...state, recovery: null }, event.refusal);
  }
}

function afterRecovered<Payload>(
  state: FollowerState<Payload>,
  { log, position, nowMs }: EventOf<Payload, 'recovered'>,
): FollowerStep<Payload> {
  const isReset = state.recovery?.isReset === true;
  const isSame = log === state.log && !isReset && state.recovery?.isRewind !== true;
  // When it was last up to date with another history says nothing of what is here now.
  const before = isSame ? state.progress : NO_PROGRESS;
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
    mayReset: state.mayReset && !isReset,
    progress: progressAfterRecovery(before, position.offset),
    lastError: null,
  };
  return fetchNext(recovered, 0, nowMs);
}

/** Tried again, also when it cannot work as things are: they may be changed meanwhile, and it says what it waits for. */
function afterRecoveryFailed<Payload>(
  state: FollowerState<Payload>,
  { reason, retryAfterMs, random }: EventOf<Payload, 'recovery-failed'>,
): FollowerStep<Payload> {
  const recovery = { ...state.recovery!, isUnderWay: false, failures: state.recovery!.failures + 1 };
  const delayMs = backoffDelayMs(state.policy.backoff, recovery.failures, random, retryAfterMs);
  return beginRecovery({ ...state, recovery, lastError: reason }, delayMs);
}

/** Whatever is under way for a store that cannot be believed is given up. */
export function afterFoundCorrupt<Payload>(state: FollowerState<Payload>, reason: string): FollowerStep<Payload> {
  if (state.phase !== 'following') return { state, effects: [] };
  const cancel: FollowerEffect<Payload>[] = state.isFetching ? [{ kind: 'cancel-fetch' }] : [];
  const { state: recovering, effects } = recoverFrom(
    { ...state, isFetching: false, fetchedTo: state.applied },
    { code: 'corrupt', detail: reason },
  )!;
  return { state: recovering, effects: [...cancel, ...effects] };
}
