import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { newSlot, outboxDrift, SLOT_LIVE_MS, slotAfterAcknowledgement, slotState, type Slot } from './slots.ts';

const NOW = 100_000;

function slot(id: string, offset: number, silentMs = 0, isLost = false): Slot {
  return { ...newSlot(id, NOW - silentMs), applied: { ...START, offset }, isLost };
}

describe('a slot', () => {
  it('is live until its follower has been silent for longer than three polls, then lagging', () => {
    expect(slotState(slot('a', 0), NOW)).toBe('live');
    expect(slotState(slot('a', 0, SLOT_LIVE_MS), NOW)).toBe('live');
    expect(slotState(slot('a', 0, SLOT_LIVE_MS + 1), NOW)).toBe('lagging');
  });

  it('is not live for what was known of it before this node started', () => {
    expect(slotState({ ...slot('a', 0), isHeard: false }, NOW)).toBe('lagging');
  });

  it('is lost whether it is heard of or not, once the log is not kept for it', () => {
    expect(slotState(slot('a', 0, 0, true), NOW)).toBe('lost');
    expect(slotState(slot('a', 0, SLOT_LIVE_MS + 1, true), NOW)).toBe('lost');
  });
});

describe('a copy that a follower makes', () => {
  const copying = { ...slot('a', 3), copying: { ...START, offset: 7 } };
  const acknowledged = (offset: number) => slotAfterAcknowledgement(copying, { ...START, offset });

  it('is over when what is acknowledged is not below its snapshot', () => {
    expect(acknowledged(6)).toStrictEqual({ ...copying, applied: { ...START, offset: 6 } });
    expect(acknowledged(7)).toStrictEqual(slot('a', 7));
  });
});

describe('outbox drift', () => {
  it.each<[what: string, slots: Slot[], drift: number | null]>([
    ['unknown without followers, not 0', [], null],
    ['unknown without live followers', [slot('a', 10, SLOT_LIVE_MS + 1)], null],
    ['0 when every follower has everything', [slot('a', 10), slot('b', 10)], 0],
    ['what the slowest lacks', [slot('a', 10), slot('b', 3), slot('c', 9)], 7],
    ['everything when one has acknowledged nothing', [slot('a', 10), slot('b', 0)], 10],
    ['not about those that have gone silent', [slot('a', 8), slot('b', 0, SLOT_LIVE_MS + 1)], 2],
    ['not about those that are lost', [slot('a', 8), slot('b', 0, 0, true)], 2],
    ['never below 0', [slot('a', 12)], 0],
  ])('is %s', (_, slots, drift) => {
    expect(outboxDrift(new Set(slots).values(), 10, NOW)).toBe(drift);
  });
});
