import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSkeinError } from './errors.ts';
import {
  checkMeshKey,
  compareStamps,
  formatOver,
  formatPlacedStamp,
  formatStamp,
  isOlder,
  parseOver,
  parsePlacedStamp,
  parseStamp,
  type Stamp,
} from './stamp.ts';

const stamp: fc.Arbitrary<Stamp> = fc.record({
  ms: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  node: fc.oneof(fc.constantFrom('a', 'B', 'a.b', '7', '-'), fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/)),
  incarnation: fc.oneof(fc.constantFrom('0', 'a'), fc.stringMatching(/^[a-z0-9]{1,32}$/)),
  seq: fc.oneof(fc.nat(3), fc.maxSafeNat()),
});

function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (isSkeinError(error)) return error.code;
    throw error;
  }
}

describe('a stamp', () => {
  it('is read back as it was written, in a line and by itself', () => {
    fc.assert(
      fc.property(stamp, (one) => {
        expect(parseStamp(formatStamp(one), one.node)).toEqual(one);
        expect(parsePlacedStamp(formatPlacedStamp(one))).toEqual(one);
        expect(parseOver(formatOver(one))).toEqual({ ms: one.ms, node: one.node });
      }),
    );
  });

  it('is before, behind or the same as any other, and never two of these', () => {
    fc.assert(
      fc.property(stamp, stamp, stamp, (a, b, c) => {
        expect(Math.sign(compareStamps(a, b))).toBe(-Math.sign(compareStamps(b, a)) + 0);
        expect(compareStamps(a, b) === 0).toBe(formatPlacedStamp(a) === formatPlacedStamp(b));
        if (compareStamps(a, b) <= 0 && compareStamps(b, c) <= 0) expect(compareStamps(a, c)).toBeLessThanOrEqual(0);
        if (isOlder(a, b)) expect(compareStamps(a, b)).toBeLessThan(0);
      }),
    );
  });

  it('is decided by its time, then its node by bytes, its incarnation and its number', () => {
    const one: Stamp = { ms: 5, node: 'b', incarnation: 'k', seq: 5 };
    const older: readonly Partial<Stamp>[] = [
      { ms: 4, node: 'z' },
      { node: 'a', incarnation: 'z' },
      { node: 'Z' },
      { incarnation: 'a', seq: 9 },
      { seq: 4 },
    ];
    for (const part of older) expect(compareStamps({ ...one, ...part }, one)).toBeLessThan(0);
  });

  it.each(['', '1.2', '1.2.a.3', '01.2.a', '1.-2.a', '1.2.A', '1.2.', 'x.2.a', '9007199254740993.1.a', '1.2.a@n'])(
    'is not %j',
    (text) => {
      expect(refusalOf(() => parseStamp(text, 'n'))).toBe('bad_record');
    },
  );

  it('is of a node, and so is what was written over', () => {
    expect(refusalOf(() => parseStamp('1.2.a', 'no node'))).toBe('bad_record');
    for (const text of ['', '5', '5.', '.n', 'x.n', '5.no node'])
      expect([text, refusalOf(() => parseOver(text))]).toEqual([text, 'bad_record']);
  });
});

describe('a key in a mesh', () => {
  it('has room for its collection in the key of a tombstone', () => {
    expect(refusalOf(() => checkMeshKey('orders', 'k'.repeat(1017)))).toBeUndefined();
    expect(refusalOf(() => checkMeshKey('orders', 'k'.repeat(1018)))).toBe('bad_key');
    expect(refusalOf(() => checkMeshKey('orders', 'ä'.repeat(509)))).toBe('bad_key');
  });
});
