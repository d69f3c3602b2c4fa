import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from './backoff.ts';

const POLICY = { baseMs: 2000, maxMs: 60_000 };
const LARGEST = 1 - Number.EPSILON;

describe('the delay before a retry', () => {
  it.each([
    [1, 2000],
    [2, 4000],
    [3, 8000],
    [4, 16_000],
    [5, 32_000],
    [6, 60_000],
    [7, 60_000],
    [1000, 60_000],
    [1e9, 60_000],
  ])('after %i failures lies between nothing and %i ms', (failures, bound) => {
    expect(backoffDelayMs(POLICY, failures, 0)).toBe(0);
    expect(backoffDelayMs(POLICY, failures, 0.5)).toBe(bound / 2);
    expect(backoffDelayMs(POLICY, failures, LARGEST)).toBe(bound - 1);
  });

  it('is spread already on the first retry, so that readers who failed together do not come back together', () => {
    const delays = [0.1, 0.4, 0.7].map((random) => backoffDelayMs(POLICY, 1, random));
    expect(delays).toEqual([200, 800, 1400]);
  });

  it('is never shorter than Retry-After, also where that is over the bound', () => {
    expect(backoffDelayMs(POLICY, 1, 0, 5000)).toBe(5000);
    expect(backoffDelayMs(POLICY, 1, 0, 90_000)).toBe(90_000);
    expect(backoffDelayMs(POLICY, 6, 0.5, 5000)).toBe(30_000);
  });

  it('is a whole number of milliseconds within its bounds for every policy', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(1e6), fc.integer({ min: 1 }), random, (baseMs, maxMs, failures, chance) => {
        const delay = backoffDelayMs({ baseMs, maxMs }, failures, chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(maxMs);
      }),
    );
  });
});
