import { comparePlaces, type DigestEntry, type DigestRange, type Place, type PlaceRange } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEntries, differenceBetween, differingRanges, kindOf } from './digest-diff.ts';

const ALL: PlaceRange = { from: null, to: null };
const ranges = (...texts: readonly string[]): readonly DigestRange[] =>
  texts.map((text) => ({ from: `c/${text[0]}`, documents: 1, hash: text }));
const differing = (mine: readonly DigestRange[], theirs: readonly DigestRange[], range = ALL, max = 100) =>
  differingRanges(mine, theirs, range, max).map(({ from, to }) => [from, to]);
const entry = (key: string, offset = 1): DigestEntry => ({
  collection: 'c',
  key,
  version: `${offset}.1-00000000`,
  hash: `${key}${offset}`,
});

describe('ranges that differ', () => {
  it('are none when all is the same, or there is nothing', () => {
    expect(differing(ranges('a', 'k', 't'), ranges('a', 'k', 't'))).toStrictEqual([]);
    expect(differing([], [])).toStrictEqual([]);
  });

  it('go from one boundary that both have to the next, and to the ends of what was asked', () => {
    const mine = ranges('a', 'k', 't');
    expect(differing(mine, ranges('a!', 'k', 't'))).toStrictEqual([[null, 'c/k']]);
    expect(differing(mine, ranges('a', 'k!', 't'))).toStrictEqual([['c/k', 'c/t']]);
    expect(differing(mine, ranges('a', 'k', 't!'), { from: 'c/a', to: 'd/a' })).toStrictEqual([['c/t', 'd/a']]);
  });

  it('pass over a boundary that only one side has', () => {
    expect(differing(ranges('a', 'f', 'k'), ranges('a', 'k'))).toStrictEqual([[null, 'c/k']]);
    expect(differing(ranges('b', 'k', 't'), ranges('a', 'k', 'p', 't'))).toStrictEqual([
      [null, 'c/k'],
      ['c/k', 'c/t'],
    ]);
  });

  it('are all there is when one side has nothing', () => {
    expect(differing(ranges('a', 'k'), [])).toStrictEqual([[null, null]]);
    expect(differing([], ranges('a', 'k'), { from: 'b/a', to: 'd/a' })).toStrictEqual([['b/a', 'd/a']]);
  });

  it('are joined when there would be too many, and leave nothing out', () => {
    const mine = ranges('a', 'b', 'c', 'd', 'e');
    const theirs = ranges('a!', 'b!', 'c!', 'd', 'e!');
    expect(differing(mine, theirs, ALL, 2)).toStrictEqual([
      [null, 'c/c'],
      ['c/c', null],
    ]);
    expect(differing(mine, theirs, ALL, 1)).toStrictEqual([[null, null]]);
  });
});

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', '\uffee', '\u{1f600}'];

/** Documents of a side by key, and how a node would cut and hash them. */
type Documents = ReadonlyMap<string, number>;
const isBoundary = (key: string): boolean => key.charCodeAt(0) % 4 === 0;

function cut(documents: Documents): readonly DigestRange[] {
  const leaves: DigestRange[] = [];
  for (const [key, offset] of [...documents].toSorted(([a], [b]) => comparePlaces(`c/${a}`, `c/${b}`))) {
    const open = leaves.at(-1);
    if (open === undefined || isBoundary(key))
      leaves.push({ from: `c/${key}`, documents: 1, hash: `${key}${offset};` });
    else leaves[leaves.length - 1] = { ...open, documents: open.documents + 1, hash: `${open.hash}${key}${offset};` };
  }
  return leaves;
}

const isIn = (place: Place, { from, to }: PlaceRange): boolean =>
  (from === null || comparePlaces(place, from) >= 0) && (to === null || comparePlaces(place, to) < 0);

describe('a comparison of two sides', () => {
  it('finds exactly the documents that differ, however they are cut', () => {
    const side = fc
      .array(fc.tuple(fc.constantFrom(...KEYS), fc.integer({ min: 1, max: 2 })))
      .map((pairs): Documents => new Map(pairs));
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4 }), (mine, theirs, rangesMax) => {
        const found = differingRanges(cut(mine), cut(theirs), ALL, rangesMax);
        expect(found.length).toBeLessThanOrEqual(rangesMax);
        const inRange = (documents: Documents, range: PlaceRange) =>
          [...documents]
            .filter(([key]) => isIn(`c/${key}`, range))
            .map(([key, offset]) => entry(key, offset))
            .toSorted((a, b) => comparePlaces(`c/${a.key}`, `c/${b.key}`));
        const keys = found.flatMap((range) =>
          compareEntries(inRange(mine, range), inRange(theirs, range)).map(({ key }) => key),
        );
        const expected = [...new Set([...mine.keys(), ...theirs.keys()])]
          .filter((key) => mine.get(key) !== theirs.get(key))
          .toSorted((a, b) => comparePlaces(`c/${a}`, `c/${b}`));
        expect(keys).toStrictEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('says of each document on which side it is missing', () => {
    const found = compareEntries([entry('a'), entry('b'), entry('d')], [entry('a'), entry('b', 2), entry('c')]);
    expect(found.map((difference) => [difference.key, kindOf(difference)])).toStrictEqual([
      ['b', 'different'],
      ['c', 'missing here'],
      ['d', 'extra here'],
    ]);
  });
});

describe('a difference between two positions of one log', () => {
  const of = (mine: number | null, theirs: number | null, offsets: readonly [number, number]) => {
    const version = (offset: number | null) => (offset === null ? null : `${offset}.1-00000000`);
    const difference = { collection: 'c', key: 'k', mine: version(mine), theirs: version(theirs) };
    return differenceBetween(difference, { mine: offsets[0], theirs: offsets[1] });
  };

  it('is a change under way when a version is above the lower position', () => {
    expect(of(5, 15, [10, 20])).toBe('moved');
    expect(of(null, 11, [10, 20])).toBe('moved');
    expect(of(11, 5, [20, 10])).toBe('moved');
  });

  it('is open when only the side behind has the document: it may have been deleted since', () => {
    expect(of(5, null, [10, 20])).toBe('open');
    expect(of(null, 5, [20, 10])).toBe('open');
  });

  it('is drift otherwise, and always at one position', () => {
    expect(of(5, 6, [10, 20])).toBe('drift');
    expect(of(null, 5, [10, 20])).toBe('drift');
    expect(of(5, null, [20, 10])).toBe('drift');
    expect(of(5, null, [10, 10])).toBe('drift');
  });
});
