import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyFew, isBefore } from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 140 }).map((array) => Buffer.from(array));

describe('bytes', () => {
  it('are in the order in which LevelDB has them, however much of them is the same', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (common, a, b) => {
        const [left, right] = [Buffer.concat([common, a]), Buffer.concat([common, b])];
        expect(isBefore(left, right)).toBe(left.compare(right) < 0);
        expect(isBefore(left, left)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('are copied, few or many, and nothing beside them', () => {
    fc.assert(
      fc.property(bytes, fc.nat(20), fc.nat(20), (source, skipped, at) => {
        const start = Math.min(skipped, source.length);
        const target = Buffer.alloc(at + source.length + 8, 0xaa);
        const expected = Buffer.from(target);
        source.copy(expected, at, start);
        copyFew(source, start, source.length, target, at);
        expect(target.equals(expected)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
