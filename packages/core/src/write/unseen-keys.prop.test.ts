import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnseenKeys } from './unseen-keys.ts';

describe('keys that have not been seen', () => {
  it('are never said to be so of a key that has been', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.string({ unit: 'binary' }), (seen, other) => {
        const unseen = new UnseenKeys();
        for (const key of seen) unseen.delete(key);
        expect(seen.filter((key) => unseen.has(key))).toStrictEqual([]);
        if (unseen.has(other)) expect(seen).not.toContain(other);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    { name: 'numbers', keyOf: (i: number) => String(i) },
    { name: 'numbers with zeros before them', keyOf: (i: number) => String(i).padStart(20, '0') },
    { name: 'numbers behind a name and before an ending', keyOf: (i: number) => `order-${i}-draft` },
  ])('are known of nearly all $name, until there are too many', ({ keyOf }) => {
    const unseen = new UnseenKeys();
    let count = 0;
    for (; !unseen.isFull; count++) unseen.delete(keyOf(count));
    const known = Array.from({ length: 10_000 }, (_, i) => unseen.has(keyOf(count + i))).filter((is) => is);
    expect(known.length).toBeGreaterThan(9500);
  });
});
