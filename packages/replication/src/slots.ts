import type { Position } from '@skein/protocol';

/** What a leader remembers of one follower. Times are monotonic milliseconds. */
export interface Slot {
  readonly id: string;
  readonly applied: Position;
  readonly seenAtMs: number;
}

export type SlotState = 'live' | 'lagging' | 'lost';

/** A follower parks ten seconds at most, so three missed polls mean silence. */
export const SLOT_LIVE_MS = 30_000;

/** Slots are remembered for this many readers at most; the longest silent one gives way. */
export const SLOTS_MAX = 1000;

export function isLive(slot: Slot, nowMs: number): boolean {
  return nowMs - slot.seenAtMs <= SLOT_LIVE_MS;
}

/** Changes saved to the log minus changes acknowledged by the slowest live follower; null when none is live. */
export function outboxDrift(slots: Iterable<Slot>, head: number, nowMs: number): number | null {
  let slowest: number | null = null;
  for (const slot of slots) {
    if (isLive(slot, nowMs)) slowest = Math.min(slowest ?? Infinity, slot.applied.offset);
  }
  return slowest === null ? null : Math.max(0, head - slowest);
}
