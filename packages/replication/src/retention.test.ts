import { START } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetention, type RetainedLog, type RetentionPolicy } from './retention.ts';
import { newSlot, type Slot } from './slots.ts';

const NOW = 1_000_000;
const POLICY: RetentionPolicy = { changesMin: 10, bytesMax: 1000, silenceMsMax: 60_000 };
const LOG: RetainedLog = { head: 100, tail: 21, startWithinBytes: 41 };

function slot(id: string, offset: number, silentMs = 0): Slot {
  return { ...newSlot(id, NOW - silentMs), applied: { ...START, offset } };
}

/** A follower that has up to `offset`, and copies a snapshot of `copying`. */
function copier(id: string, offset: number, copying: number): Slot {
  return { ...slot(id, offset), copying: { ...START, offset: copying } };
}

const plan = (slots: readonly Slot[], log = LOG, policy = POLICY) => planRetention(slots, log, policy, NOW);

describe('retention', () => {
  it.each<[what: string, slots: Slot[], tail: number, lost: string[]]>([
    ['the newest changes and no more, when nobody follows', [], 91, []],
    ['the newest changes, when everybody has them', [slot('a', 100), slot('b', 90)], 91, []],
    ['what the slowest needs next', [slot('a', 100), slot('b', 70), slot('c', 89)], 71, []],
    ['what a silent one needs, as long as it may be silent', [slot('a', 70, 60_000)], 71, []],
    ['nothing for one that is silent for longer', [slot('a', 70, 60_001), slot('b', 80)], 81, ['a']],
    ['the newest for whoever is silent, for they stay anyway', [slot('a', 90, 60_001)], 91, []],
    ['what is within the bytes', [slot('a', 40)], 41, []],
    ['nothing for one that needs more bytes, however live', [slot('a', 39)], 91, ['a']],
    ['nothing for one whose next change is gone', [slot('a', 19), slot('b', 95)], 91, ['a']],
    [
      'what a copy needs, which is the end of its snapshot too, and not what its maker had',
      [copier('a', 5, 70)],
      70,
      [],
    ],
    ['nothing for a copy whose snapshot is beyond the bytes', [copier('a', 95, 40)], 91, ['a']],
  ])('keeps %s', (_, slots, tail, lost) => {
    const planned = plan(slots);
    expect([planned.tail, [...planned.lost]]).toStrictEqual([tail, lost]);
  });

  it('keeps everything while the log is short, and nobody is lost for it', () => {
    const log = { head: 5, tail: 1, startWithinBytes: 5 };
    expect(plan([slot('a', 0, 10 * 60_000)], log)).toStrictEqual({ tail: 1, lost: new Set() });
    expect(plan([], { head: 0, tail: 1, startWithinBytes: 1 })).toStrictEqual({ tail: 1, lost: new Set() });
  });

  it('keeps the bytes of the newest changes too, however many they are', () => {
    expect(plan([slot('a', 92)], { ...LOG, startWithinBytes: 100 })).toStrictEqual({ tail: 91, lost: new Set() });
  });

  it('never takes from the newest, never from one that is not said to be lost, and never goes back', () => {
    const slots = fc.array(
      fc.record({ offset: fc.nat(300), silentMs: fc.nat(120_000) }).map(({ offset, silentMs }) => ({
        offset,
        silentMs,
      })),
    );
    const log = fc
      .tuple(fc.nat(300), fc.nat(300), fc.nat(300))
      .map(([head, tail, start]) => ({ head, tail: 1 + Math.min(head, tail), startWithinBytes: 1 + start }));
    fc.assert(
      fc.property(slots, log, fc.nat(50), (given, retained, changesMin) => {
        const all = given.map(({ offset, silentMs }, i) => slot(`s${i}`, offset, silentMs));
        const { tail, lost } = plan(all, retained, { ...POLICY, changesMin });
        expect(tail).toBeGreaterThanOrEqual(retained.tail);
        expect(tail).toBeLessThanOrEqual(Math.max(retained.tail, retained.head - changesMin + 1));
        for (const { id, applied } of all) if (!lost.has(id)) expect(applied.offset + 1).toBeGreaterThanOrEqual(tail);
      }),
    );
  });
});
