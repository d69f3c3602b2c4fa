import type { FollowerEffect, FollowerState, FollowerStep } from './follower-state.ts';
import { bucketDelayMs } from './token-bucket.ts';

/** How long a fetch is held back because of what was fetched before it. */
export function rateDelayMs<Payload>({ policy, bucket }: FollowerState<Payload>, nowMs: number): number {
  return policy.rate === null ? 0 : bucketDelayMs(bucket, policy.rate, nowMs);
}

export function fetchNext<Payload>(
  state: FollowerState<Payload>,
  pauseMs: number,
  nowMs: number,
): FollowerStep<Payload> {
  const delayMs = Math.max(pauseMs, rateDelayMs(state, nowMs));
  return fetchIn(state, delayMs, delayMs > 0 ? nowMs + delayMs : null);
}

/** Between two polls, with no request under way: one that has gone out may take long, and is left to end. */
export function isPausing<Payload>(state: FollowerState<Payload>, nowMs: number): boolean {
  const { phase, policy, isFetching, pausesUntilMs } = state;
  const isBetween = phase === 'following' && isFetching && policy.pollIntervalMs !== null;
  return isBetween && pausesUntilMs !== null && nowMs < pausesUntilMs;
}

export function fetchIn<Payload>(
  state: FollowerState<Payload>,
  delayMs: number,
  pausesUntilMs: number | null,
): FollowerStep<Payload> {
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
  return { state: { ...state, ticket, isFetching: true, pausesUntilMs }, effects: [fetch] };
}

/**
 * Out of contact, the first news is that the leader answers: that must not wait for a change. And where there are changes
 * nothing is waited for, so whatever time the answer takes is the leader's own.
 */
function mayPark<Payload>({ policy, progress, fetchedTo }: FollowerState<Payload>): boolean {
  return policy.pollIntervalMs === null && progress.connected && fetchedTo.offset >= (progress.contact?.head ?? 0);
}
