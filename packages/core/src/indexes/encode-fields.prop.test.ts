import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFields, endOfFields, type IndexedValue } from './encode-fields.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.string({ unit: fc.constantFrom('\0', '\u0001', '\u00ff', 'a', '😀'), maxLength: 80 }),
);
const value: fc.Arbitrary<IndexedValue> = fc.oneof(
  fc.constantFrom<IndexedValue>(null, true, false, 0, -0, 1, -1, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  text,
);
const values = fc.array(value, { maxLength: 4 });

/** The order an index promises: by kind, then numbers by size and strings by their code points. */
function compareValues(a: IndexedValue, b: IndexedValue): number {
  if (rankOf(a) !== rankOf(b)) return Math.sign(rankOf(a) - rankOf(b));
  if (typeof a === 'number') return Math.sign(a - (b as number));
  if (typeof a !== 'string') return 0;
  const [left, right] = [Array.from(a), Array.from(b as string)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(left.length - right.length);
}

function rankOf(of: IndexedValue): number {
  return of === null ? 0 : of === false ? 1 : of === true ? 2 : typeof of === 'number' ? 3 : 4;
}

function compareLists(a: readonly IndexedValue[], b: readonly IndexedValue[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareValues(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return Math.sign(a.length - b.length);
}

describe('the bytes of indexed fields', () => {
  it('are in the order of the fields', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(Math.sign(encodeFields(a).compare(encodeFields(b)))).toBe(compareLists(a, b) + 0);
      }),
      { numRuns: 5000 },
    );
  });

  it('begin those of every longer list, and say where each field ends', () => {
    fc.assert(
      fc.property(values, values, fc.uint8Array({ maxLength: 8 }), (first, rest, behind) => {
        const head = encodeFields(first);
        const whole = Buffer.concat([encodeFields([...first, ...rest]), behind]);
        expect(whole.subarray(0, head.length)).toStrictEqual(head);
        expect(endOfFields(whole, 0, first.length)).toBe(head.length);
      }),
      { numRuns: 2000 },
    );
  });
});
