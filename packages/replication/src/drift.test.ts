import { describe, expect, it } from 'vitest';
import { nextComparisonMs } from './drift.ts';

const MINUTE = 60_000;

describe('the next comparison with the leader', () => {
  it('comes in its turn', () => {
    expect(nextComparisonMs(MINUTE, { failures: 0, retryAfterMs: undefined, isUnfinished: false })).toBe(MINUTE);
  });

  it('comes soon when there is more to repair than one cycle may', () => {
    expect(nextComparisonMs(MINUTE, { failures: 0, retryAfterMs: undefined, isUnfinished: true })).toBe(1000);
    expect(nextComparisonMs(200, { failures: 0, retryAfterMs: undefined, isUnfinished: true })).toBe(200);
  });

  it('comes when the leader has asked for it, though not at once', () => {
    const after = (retryAfterMs: number): number =>
      nextComparisonMs(MINUTE, { failures: 0, retryAfterMs, isUnfinished: false });
    expect([after(0), after(3000)]).toEqual([1000, 3000]);
  });

  it('comes sooner after a failure, then later and later, up to five minutes', () => {
    const after = (failures: number): number =>
      nextComparisonMs(MINUTE, { failures, retryAfterMs: undefined, isUnfinished: true });
    expect([1, 2, 3, 6, 7, 1000].map(after)).toEqual([5000, 10_000, 20_000, 160_000, 300_000, 300_000]);
  });
});
