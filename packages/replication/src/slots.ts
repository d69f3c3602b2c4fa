import { START, type Position } from '@skein/protocol';

/** What a node remembers of one follower. Times are monotonic milliseconds. */
export interface Slot {
  readonly id: string;
  readonly applied: Position;
  /** The snapshot it is copying; it will go on behind that, wherever it was before. Null when it is not. */
  readonly copying: Position | null;
  readonly seenAtMs: number;
  /** It has been heard of since this node started. Before, only a silence is known that was written down some time ago. */
  readonly isHeard: boolean;
  /** Why there was nothing for it when it last asked, nor will be: its history is another one. */
  readonly refusal: string | null;
  /** The log is not kept for it any more: it was silent for too long, or too far behind, or was never on this log. */
  readonly isLost: boolean;
}

/**
 * - live: heard of lately.
 * - lagging: not heard of; what it needs next is kept for it.
 * - lost: what it needs next is not kept for it, and may be gone.
 */
export type SlotState = 'live' | 'lagging' | 'lost';

/** A follower parks ten seconds at most, so three missed polls mean silence. */
export const SLOT_LIVE_MS = 30_000;

/** Slots are remembered for this many readers at most; the longest silent one gives way. */
export const SLOTS_MAX = 1000;

/** One that has just been heard of for the first time, and has nothing. */
export function newSlot(id: string, seenAtMs: number): Slot {
  return { id, applied: START, copying: null, seenAtMs, isHeard: true, refusal: null, isLost: false };
}

/** Where the log must begin for it to go on. A copy needs the record its snapshot ends with, to be chained to. */
export function neededFrom({ applied, copying }: Slot): number {
  return copying === null ? applied.offset + 1 : copying.offset;
}

/** A copy is done when what is acknowledged is not below it. */
export function slotAfterAcknowledgement(slot: Slot, applied: Position): Slot {
  const isCopied = slot.copying !== null && applied.offset >= slot.copying.offset;
  return { ...slot, applied, copying: isCopied ? null : slot.copying };
}

export function slotState(slot: Slot, nowMs: number): SlotState {
  if (slot.isLost) return 'lost';
  return slot.isHeard && nowMs - slot.seenAtMs <= SLOT_LIVE_MS ? 'live' : 'lagging';
}

/** Changes saved to the log minus changes acknowledged by the slowest live follower; null when none is live. */
export function outboxDrift(slots: Iterable<Slot>, head: number, nowMs: number): number | null {
  let slowest: number | null = null;
  for (const slot of slots) {
    if (slotState(slot, nowMs) === 'live') slowest = Math.min(slowest ?? Infinity, slot.applied.offset);
  }
  return slowest === null ? null : Math.max(0, head - slowest);
}
