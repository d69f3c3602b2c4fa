import { compareStamps, type Stamp } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MergeChange } from './merge-change.ts';
import { planMerge, type Held } from './plan-merge.ts';

/** Changes of one document as nodes make them: equal stamps are of equal changes, but for an expiry. */
const stamp: fc.Arbitrary<Stamp> = fc.record({
  ms: fc.nat(4),
  node: fc.constantFrom('a', 'b', 'c'),
  incarnation: fc.constantFrom('x', 'y'),
  seq: fc.integer({ min: 1, max: 2 }),
});

const change = fc
  .tuple(stamp, fc.option(fc.record({ ms: fc.nat(4), node: fc.constantFrom('a', 'b', 'c') })), fc.nat(5))
  .map(([one, over, kind]): MergeChange => {
    // A tenth or so are the end of what was written with that stamp.
    const isDeleted = kind === 0;
    const value = `"${one.ms} ${one.node} ${one.incarnation} ${one.seq}"`;
    return { collection: 'c', key: 'k', stamp: one, over, valueText: isDeleted ? null : value };
  });

const merged = (changes: readonly MergeChange[], start: Held | null = null): Held | null =>
  changes.reduce<Held | null>((held, one) => (planMerge(one, held).kind === 'take' ? one : held), start);

const content = (held: Held | null) => held && [held.stamp, held.valueText];

describe('merging', () => {
  it('comes to the same in whatever order changes come, however often, and in whatever groups', () => {
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }).chain((changes) =>
          fc.record({
            changes: fc.constant(changes),
            again: fc.shuffledSubarray([...changes, ...changes], { minLength: changes.length }),
            cut: fc.nat(changes.length),
          }),
        ),
        ({ changes, again, cut }) => {
          const all = merged(changes);
          const [first, second] = [changes.slice(0, cut), changes.slice(cut)];
          expect(content(merged([...second, ...first]))).toEqual(content(all));
          expect(content(merged([...changes, ...again]))).toEqual(content(all));
          // What each half comes to, merged with the other's.
          const [left, right] = [merged(first), merged(second)];
          const of = (held: Held | null) => (held === null ? [] : [{ collection: 'c', key: 'k', ...held }]);
          expect(content(merged(of(right), left))).toEqual(content(all));
          expect(content(merged(of(left), right))).toEqual(content(all));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('only moves on: nothing is followed by what is older', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        let held: Held | null = null;
        for (const one of changes) {
          const { kind } = planMerge(one, held);
          if (kind === 'take' && held !== null) expect(compareStamps(one.stamp, held.stamp)).toBeGreaterThanOrEqual(0);
          if (kind === 'take') held = one;
        }
      }),
    );
  });
});

const made = (
  ms: number,
  node: string,
  over: Held['over'],
  valueText: string | null = `"${ms}${node}"`,
): MergeChange => ({
  collection: 'c',
  key: 'k',
  stamp: { ms, node, incarnation: 'x', seq: ms },
  over,
  valueText,
});

describe('what is lost', () => {
  const first = made(1, 'a', null);

  it('is what the writer of the winner had not seen', () => {
    const [mine, theirs] = [made(5, 'a', first.stamp), made(6, 'b', first.stamp)];
    expect(planMerge(theirs, mine)).toMatchObject({ kind: 'take', lost: { stamp: mine.stamp, valueText: '"5a"' } });
    expect(planMerge(mine, theirs)).toMatchObject({ kind: 'older', lost: { stamp: mine.stamp, valueText: '"5a"' } });
  });

  it('is nothing where one was written over the other, or over what had replaced it', () => {
    const next = made(2, 'b', first.stamp);
    const last = made(3, 'c', next.stamp);
    for (const [incoming, held] of [
      [next, first],
      [last, first],
      [last, next],
      [first, last],
      [first, next],
    ] as const)
      expect(planMerge(incoming, held).lost).toBeNull();
  });

  it('is nothing where both are of one node, or say the same', () => {
    expect(planMerge(made(9, 'a', null), first).lost).toBeNull();
    expect(planMerge(made(9, 'b', null, first.valueText), first).lost).toBeNull();
  });

  it('is a deletion too, and what a deletion did not know of', () => {
    const deletion = made(4, 'a', first.stamp, null);
    expect(planMerge(made(5, 'b', first.stamp), deletion).lost).toEqual({ stamp: deletion.stamp, valueText: null });
    expect(planMerge(made(6, 'c', null, null), deletion).lost).toBeNull();
    expect(planMerge(made(6, 'c', null, null), first).lost).toEqual({ stamp: first.stamp, valueText: first.valueText });
  });
});

describe('an expiry', () => {
  const write = made(4, 'a', null);
  const expiry = { ...write, valueText: null };

  it('wins over the write that it ends, on every node and without a loss', () => {
    expect(planMerge(expiry, write)).toEqual({ kind: 'take', lost: null });
    expect(planMerge(write, expiry)).toEqual({ kind: 'older', lost: null });
    expect(planMerge(expiry, expiry).kind).toBe('known');
  });

  it('gives way to any later write', () => {
    expect(planMerge(made(5, 'b', write.stamp), expiry)).toEqual({ kind: 'take', lost: null });
  });
});
