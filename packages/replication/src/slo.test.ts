import { describe, expect, it } from 'vitest';
import { leaderCallMs, NEVER_WARNED, sloBreach } from './slo.ts';

describe('a breach', () => {
  it.each<[what: string, atMs: readonly number[], warnings: readonly (number | null)[]]>([
    ['that is the first is warned of', [0], [0]],
    ['within 30 s of a warning is passed over', [0, 1, 29_999], [0, null, null]],
    ['30 s after a warning is warned of, with how many were passed over', [0, 1, 2, 30_000], [0, null, null, 2]],
    ['after a quiet time is warned of, with none passed over', [0, 30_000, 99_000], [0, 0, 0]],
    ['behind a later warning waits from that one on', [0, 40_000, 65_000, 70_000], [0, 0, null, 1]],
  ])('%s', (_, times, warnings) => {
    let record = NEVER_WARNED;
    const told = times.map((nowMs) => {
      const breach = sloBreach(record, nowMs);
      ({ record } = breach);
      return breach.warning?.passedOver ?? null;
    });
    expect(told).toStrictEqual(warnings);
  });

  it('is warned of once in 30 s, however many there are, and none is lost from the count', () => {
    let record = NEVER_WARNED;
    let told = 0;
    let warnings = 0;
    for (let nowMs = 0; nowMs < 300_000; nowMs += 10) {
      const breach = sloBreach(record, nowMs);
      ({ record } = breach);
      if (breach.warning === null) continue;
      warnings++;
      told += 1 + breach.warning.passedOver;
    }
    expect([warnings, told + record.passedOver]).toStrictEqual([10, 30_000]);
  });
});

describe('a call to the leader', () => {
  it.each<[what: string, tookMs: number, waitSeconds: number, callMs: number]>([
    ['that did not ask to wait took all of its time', 700, 0, 700],
    ['that was parked to the end took what is over the wait', 10_030, 10, 30],
    ['that was woken by a change took no time that is known', 4000, 10, 0],
    ['that was answered at once took no time that is known', 3, 10, 0],
  ])('%s', (_, tookMs, waitSeconds, callMs) => {
    expect(leaderCallMs(tookMs, waitSeconds)).toBe(callMs);
  });
});
