import type { Position } from '@skein/protocol';
import type { Slot } from './slots.ts';

/** One of the other nodes that count, at the address it was configured with. */
export interface Member {
  readonly url: string;
  /** The id it says it has, and the log it says it is on; null before it has said so. */
  readonly node: string | null;
  readonly log: string | null;
}

/**
 * The ids under which acknowledgements count: of members that have said who they are at their own address, and not that they
 * are on another log. One that is on none yet will be on this one when it acknowledges something of it.
 */
export function memberIds(members: readonly Member[], log: string | null): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { node, log: its } of members) if (node !== null && (its === null || its === log)) ids.add(node);
  return ids;
}

/**
 * The newest offset that at least so many members have durably; every offset when none is asked for. What is remembered of a
 * member from before this node started, or led, is not counted: it may have had another history since.
 */
export function replicatedUpTo(slots: Iterable<Slot>, members: ReadonlySet<string>, replicas: number): number {
  if (replicas === 0) return Infinity;
  const applied: number[] = [];
  for (const slot of slots) if (slot.isHeard && members.has(slot.id)) applied.push(slot.applied.offset);
  return applied.toSorted((a, b) => b - a)[replicas - 1] ?? 0;
}

/** How many members have a position. */
export function replicasOf(slots: Iterable<Slot>, members: ReadonlySet<string>, { offset }: Position): number {
  let count = 0;
  for (const slot of slots) if (slot.isHeard && members.has(slot.id) && slot.applied.offset >= offset) count++;
  return count;
}
