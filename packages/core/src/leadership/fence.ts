import { epochCounter, SkeinError } from '@skein/protocol';
import type { Facts } from '../facts.ts';

type Standing = Pick<Facts, 'identity' | 'history' | 'promised'>;

/** The counter of the newest epoch a store has anything of; 0 for none. */
export function counterOf({ history }: Pick<Facts, 'history'>): number {
  const last = history.at(-1);
  return last === undefined ? 0 : epochCounter(last.epoch);
}

/** Why a leader may not write though it leads; undefined when it may. */
export function leadingRefusal(facts: Standing): SkeinError | undefined {
  const { identity, promised } = facts;
  if (identity.role !== 'leader') return new SkeinError('not_leader');
  if (promised === null) return undefined;
  const { counter, to } = promised;
  if (to === null)
    return counter === counterOf(facts)
      ? fenced('another node leads with an epoch of the same counter; one of them has to be promoted again')
      : undefined;
  return counter > counterOf(facts) ? fenced(`epoch ${counter} has been promised to ${to}`) : undefined;
}

/**
 * Whether a leader may still tell clients that what it has written is written. Once it has promised, it may: nothing new is
 * written any more, and what was is before where its promise says that its log ends. With a rival, or as a follower, not.
 */
export function mayAcknowledge(facts: Standing): boolean {
  const { identity, promised } = facts;
  const hasRival = promised !== null && promised.to === null && promised.counter === counterOf(facts);
  return identity.role === 'leader' && !hasRival;
}

/**
 * Whether records of an epoch may still be taken. What has been promised is that nothing more of a lower one will be
 * acknowledged; whoever has promised to itself fetches what it lacks, and acknowledges nothing to anybody.
 */
export function mayTake({ identity, promised }: Standing, counter: number): boolean {
  return promised === null || promised.to === null || promised.to === identity.node || counter >= promised.counter;
}

export function fenced(why: string): SkeinError {
  return new SkeinError('fenced', why, { retryAfterSeconds: 1 });
}
