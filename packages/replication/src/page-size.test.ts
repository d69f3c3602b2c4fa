import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPageSize, PAGE_SIZES } from './page-size.ts';

const FAST = 99;
const SLOW = 201;

describe('the size of the next page', () => {
  it.each<[what: string, size: number, changes: number, applyMs: number, next: number]>([
    ['one step up after a full page applied fast', 1000, 1000, FAST, 2500],
    ['one step up after a page that overran its limit to end a record', 1000, 1300, FAST, 2500],
    ['one step up at exactly half the target', 1000, 1000, 100, 2500],
    ['the same just above half the target', 1000, 1000, 101, 1000],
    ['the same at exactly the target', 1000, 1000, 200, 1000],
    ['half just above the target', 1000, 1000, SLOW, 500],
    ['half, rounded down to a step', 250, 250, SLOW, 100],
    ['half also when the page was not full', 5000, 3, SLOW, 2500],
    ['the same when the page was not full, however fast', 1000, 999, 0, 1000],
    ['never above the largest step', 5000, 5000, FAST, 5000],
    ['never below the smallest step', 50, 50, SLOW, 50],
    ['half of a size between two steps', 300, 300, SLOW, 100],
  ])('is %s', (_, size, changes, applyMs, next) => {
    expect(nextPageSize(size, 5000, { changes, applyMs })).toBe(next);
  });

  it('stays within a bound that is not a step', () => {
    expect(nextPageSize(1000, 1700, { changes: 1000, applyMs: FAST })).toBe(1700);
    expect(nextPageSize(10, 10, { changes: 10, applyMs: SLOW })).toBe(10);
  });

  it('climbs every step to its bound and falls back to the smallest', () => {
    const sizes: number[] = [50];
    while (sizes.at(-1)! < 5000) sizes.push(nextPageSize(sizes.at(-1)!, 5000, { changes: 5000, applyMs: 1 }));
    expect(sizes).toEqual([...PAGE_SIZES]);
    while (sizes.at(-1)! > 50) sizes.push(nextPageSize(sizes.at(-1)!, 5000, { changes: 5000, applyMs: 999 }));
    expect(sizes.slice(PAGE_SIZES.length)).toEqual([2500, 1000, 500, 250, 100, 50]);
  });

  it('is never over its bound nor under one change, whatever was measured', () => {
    const bound = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(bound, fc.array(fc.record({ changes: fc.nat(6000), applyMs: fc.nat(500) })), (sizeMax, measures) => {
        let size = Math.min(sizeMax, 1000);
        for (const measure of measures) {
          size = nextPageSize(size, sizeMax, measure);
          expect(size).toBeGreaterThanOrEqual(1);
          expect(size).toBeLessThanOrEqual(sizeMax);
        }
      }),
    );
  });
});
