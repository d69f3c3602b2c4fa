import type { Epoch } from '@skein/protocol';
import { fetchNext, isPausing, rateDelayMs } from './follower-fetch.ts';
import type { EventOf, FetchedPage, FollowerEffect, FollowerState, FollowerStep } from './follower-state.ts';

/** Of a record that came beside the feed, what has to be right before anybody looks at its content. */
export type PushedHead = Pick<FetchedPage<unknown>, 'log'> & {
  readonly content: Omit<NonNullable<FetchedPage<unknown>['content']>, 'payload'>;
};

/**
 * Whether a pushed record is exactly what the feed would bring next. Whose log and epoch that is, the feed has said: nothing
 * is taken without contact, before the first page, or of an epoch that did not come that way. One record is taken at a
 * time, and only while nothing else is under way; what comes meanwhile the feed has too. Where a rate is set, everything
 * is fetched at that.
 */
export function isNextPushed<Payload>(
  state: FollowerState<Payload>,
  { log, content }: PushedHead,
  leaderEpoch: Epoch | null,
): boolean {
  const { phase, policy, progress, applied, fetchedTo, isApplying, inHand, hold, applyFailures } = state;
  const isFree = !isApplying && inHand === null && hold === null && applyFailures === 0;
  const isSettled = phase === 'following' && progress.connected && isFree && applied.offset === fetchedTo.offset;
  if (!isSettled || fetchedTo.offset === 0 || policy.rate !== null) return false;
  const { offsetFirst, hashBefore, epochFirst, next } = content;
  const isOfLeader = log === state.log && leaderEpoch === fetchedTo.epoch;
  const isOfEpoch = epochFirst === fetchedTo.epoch && next.epoch === fetchedTo.epoch;
  return isOfLeader && isOfEpoch && offsetFirst === fetchedTo.offset + 1 && hashBefore === fetchedTo.hash;
}

/**
 * A record is applied at once when it is the next one. The question that stands at the leader meanwhile is left there: its
 * answer brings the same, of which what is here is taken away, and behind it comes the acknowledgement.
 */
export function afterPush<Payload>(
  state: FollowerState<Payload>,
  { page, leaderEpoch }: EventOf<Payload, 'pushed'>,
): FollowerStep<Payload> {
  const { content, changes } = page;
  if (content === null || !isNextPushed(state, { log: page.log, content }, leaderEpoch)) return { state, effects: [] };
  return {
    state: { ...state, isApplying: true, fetchedTo: content.next },
    effects: [{ kind: 'apply', payload: content.payload, changes, upTo: null }],
  };
}

/** Whoever can publish can say that there is more: that hurries a follower no more often than this. */
const HURRIED_EVERY_MS = 1000;

/**
 * There seems to be more than what is here: between two polls the leader is asked at once. A question that stands there in a
 * long poll is answered for it anyway, and a request under way is left alone: on a slow link it would never end otherwise.
 */
export function afterPushMissed<Payload>(
  state: FollowerState<Payload>,
  { log, offset, nowMs }: EventOf<Payload, 'push-missed'>,
): FollowerStep<Payload> {
  const { failures, applyFailures, hurriedAtMs } = state;
  const isHeldBack = failures > 0 || applyFailures > 0 || rateDelayMs(state, nowMs) > 0;
  const isTooSoon = hurriedAtMs !== null && nowMs - hurriedAtMs < HURRIED_EVERY_MS;
  if (!isPausing(state, nowMs) || isHeldBack || isTooSoon || log !== state.log || offset <= state.fetchedTo.offset)
    return { state, effects: [] };
  const next = fetchNext<Payload>({ ...state, isFetching: false, hurriedAtMs: nowMs }, 0, nowMs);
  const cancel: FollowerEffect<Payload> = { kind: 'cancel-fetch' };
  return { state: next.state, effects: [cancel, ...next.effects] };
}
