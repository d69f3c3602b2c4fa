import { epochCounter, newestCounter, SkeinError, takesWrites, type Epoch } from '@skein/protocol';
import type { Facts } from '../facts.ts';

type Standing = Pick<Facts, 'identity' | 'history' | 'promised' | 'rival'>;

/** Why a leader may not write though it leads; undefined when it may. */
export function leadingRefusal(facts: Standing): SkeinError | undefined {
  const { identity, promised } = facts;
  if (!takesWrites(identity.role)) return new SkeinError('not_leader');
  if (hasRival(facts))
    return fenced(`epoch ${facts.rival} is a rival of this one; whoever is to lead has to be promoted again`);
  const owed = promised.outstanding.find(({ counter }) => counter > newestCounter(facts.history));
  return owed === undefined ? undefined : fenced(`epoch ${owed.counter} has been promised to ${owed.to}`);
}

/** Another epoch of the counter that it leads with; one of a counter that is over is nobody's rival. */
export function hasRival(facts: Pick<Facts, 'history' | 'rival'>): boolean {
  return facts.rival !== null && epochCounter(facts.rival) === newestCounter(facts.history);
}

/**
 * Whether a leader may still tell clients that what it has written is written. Once it has promised, it may: nothing new is
 * written any more, and what was is before where its promise says that its log ends. With a rival, or as a follower, not.
 */
export function mayAcknowledge(facts: Standing): boolean {
  return takesWrites(facts.identity.role) && !hasRival(facts);
}

/**
 * Throws where nothing may be taken from a leader of an epoch any more. What has been promised is that nothing more will be
 * acknowledged to one of a lower epoch; of what lower ones have written, a leader of the promised one, or of a higher, has
 * what is to stay. What a node has promised to itself binds it to nobody: what it takes until it leads is in its epoch.
 */
export function assertMayTake({ identity, promised }: Standing, leader: Epoch): void {
  const counter = epochCounter(leader);
  const owed = promised.outstanding.find((promise) => promise.to !== identity.node && promise.counter > counter);
  if (owed !== undefined)
    throw fenced(`this is of a leader of epoch ${leader}, and ${owed.counter} is promised to ${owed.to}`);
}

function fenced(why: string): SkeinError {
  return new SkeinError('fenced', why, { retryAfterSeconds: 1 });
}
