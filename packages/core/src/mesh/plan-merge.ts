import { compareStamps, isOlder, type JsonText, type Over, type Stamp } from '@skein/protocol';
import type { MergeChange } from './merge-change.ts';

/** What a node has of a document: its value, or that it was deleted. */
export interface Held {
  readonly stamp: Stamp;
  readonly over: Over | null;
  readonly valueText: JsonText | null;
}

/** A change that gave way to another whose writer did not know of it. */
export interface Lost {
  readonly stamp: Stamp;
  readonly valueText: JsonText | null;
}

export interface MergeDecision {
  readonly kind: 'take' | 'known' | 'older';
  readonly lost: Lost | null;
}

/**
 * Last writer wins. It depends on nothing but the two changes, so that nodes agree in whatever order they hear of them, and
 * however often. Of equal stamps a deletion wins: only an expiry has the stamp of another, that of the write it ends.
 */
export function planMerge(incoming: MergeChange, held: Held | null): MergeDecision {
  if (held === null) return { kind: 'take', lost: null };
  const order = compareStamps(incoming.stamp, held.stamp) || deletes(incoming) - deletes(held);
  if (order === 0) return { kind: 'known', lost: null };
  return order > 0 ? { kind: 'take', lost: lostTo(incoming, held) } : { kind: 'older', lost: lostTo(held, incoming) };
}

function deletes({ valueText }: Held): number {
  return valueText === null ? 1 : 0;
}

/**
 * What is lost when one change gives way to another: nothing if its writer made both, or had seen what it replaced, or
 * something that had replaced that already; nor if both say the same.
 */
function lostTo(winner: Held, loser: Held): Lost | null {
  if (winner.stamp.node === loser.stamp.node || winner.valueText === loser.valueText) return null;
  const hadSeen = winner.over !== null && !isOlder(winner.over, loser.stamp);
  return hadSeen || compareStamps(winner.stamp, loser.stamp) === 0
    ? null
    : { stamp: loser.stamp, valueText: loser.valueText };
}
