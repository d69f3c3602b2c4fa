import { epochCounter, type Epoch, type EpochPromise } from '@skein/protocol';
import { lastCounter, lastEpoch, othersOf, type Heard, type Self } from './heard.ts';

/** What a node owes to what it has heard of the other members. */
export type Duty =
  | { readonly kind: 'none' }
  /** Somebody leads with an epoch above whatever this node leads with, or follows. */
  | { readonly kind: 'follow'; readonly url: string; readonly epoch: Epoch }
  /** There is a higher epoch, and nobody is known who leads with it. */
  | { readonly kind: 'step-down'; readonly epoch: Epoch }
  /** A leader, and another epoch of the same counter: neither writes any more. */
  | { readonly kind: 'renounce'; readonly rival: Epoch; readonly url: string }
  /** A follower: epochs of the same counter, of which none may be followed. */
  | { readonly kind: 'follow-nobody'; readonly rivals: readonly Epoch[] }
  /** A promise whose holder has given it up. */
  | { readonly kind: 'release'; readonly promise: EpochPromise };

const NONE: Duty = { kind: 'none' };

/** Decides by what members have answered themselves; what somebody says of others is not heard here at all. */
export function dutyOf(self: Self, heard: readonly Heard[]): Duty {
  const others = othersOf(self, heard);
  const leading = self.role === 'leader' ? dutyOfLeader(self, others) : dutyOfFollower(self, others);
  return leading.kind === 'none' ? dutyToRelease(self, others) : leading;
}

function dutyOfLeader(self: Self, others: readonly Heard[]): Duty {
  const own = lastCounter(self);
  const highest = newestOf(others);
  if (highest === undefined || lastCounter(highest) < own) return NONE;
  if (lastCounter(highest) > own) {
    const leader = newestOf(others.filter((node) => node.role === 'leader' && lastCounter(node) > own));
    const rivals = leader === undefined ? [] : rivalsOf(leader, others);
    return leader === undefined || rivals.length > 1
      ? { kind: 'step-down', epoch: lastEpoch(highest)! }
      : { kind: 'follow', url: leader.url, epoch: lastEpoch(leader)! };
  }
  // Also where only a follower of it is heard: whoever leads with it may be behind a cut.
  const rival = others.find((node) => lastCounter(node) === own && lastEpoch(node) !== lastEpoch(self));
  const isRenounced = self.rival !== null && epochCounter(self.rival) === own;
  return rival === undefined || isRenounced ? NONE : { kind: 'renounce', rival: lastEpoch(rival)!, url: rival.url };
}

function dutyOfFollower(self: Self, others: readonly Heard[]): Duty {
  const leader = newestOf(others.filter(({ role }) => role === 'leader'));
  if (leader === undefined || lastCounter(leader) < floorOf(self)) return NONE;
  const rivals = rivalsOf(leader, [self, ...others]);
  if (rivals.length > 1) return self.following === null ? NONE : { kind: 'follow-nobody', rivals };
  // One node may be known by several addresses.
  const followed = others.find(({ url }) => url === self.following);
  return followed?.node === leader.node ? NONE : { kind: 'follow', url: leader.url, epoch: lastEpoch(leader)! };
}

/** Whoever promised an epoch takes nothing of a lower one. */
function floorOf({ history, promised, node }: Self): number {
  const owed = promised.outstanding.filter(({ to }) => to !== node).map(({ counter }) => counter);
  return Math.max(lastCounter({ history }), ...owed);
}

/** The epochs of a leader's counter, its own among them. */
function rivalsOf(leader: Heard, nodes: readonly Pick<Heard, 'history'>[]): readonly Epoch[] {
  const same = nodes.filter((node) => lastCounter(node) === lastCounter(leader));
  return [...new Set(same.map((node) => lastEpoch(node)!))];
}

/**
 * A candidate that does not ask for a promise any more, and has not begun that epoch, never will: it takes a higher counter
 * the next time. What it answered before the promise was given says nothing of that.
 */
function dutyToRelease(self: Self, others: readonly Heard[]): Duty {
  const owed = self.promised.outstanding.filter(({ counter }) => counter > lastCounter(self));
  const promise = owed.find((each) => isGivenUp(each, self, others));
  return promise === undefined ? NONE : { kind: 'release', promise };
}

function isGivenUp({ counter, to }: EpochPromise, self: Self, others: readonly Heard[]): boolean {
  if (to === self.node) return self.asking !== counter;
  const holder = others.find(({ node }) => node === to);
  return (
    holder !== undefined &&
    holder.askedAtMs > (self.promisedAtMs.get(counter) ?? -Infinity) &&
    holder.asking !== counter &&
    lastCounter(holder) < counter
  );
}

function newestOf(nodes: readonly Heard[]): Heard | undefined {
  let newest: Heard | undefined;
  for (const node of nodes) if (newest === undefined || lastCounter(node) > lastCounter(newest)) newest = node;
  return newest !== undefined && lastCounter(newest) > 0 ? newest : undefined;
}
