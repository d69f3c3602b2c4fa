import { formatPlacedStamp, TOMBSTONES, type Stamp } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Difference } from '../digest-diff.ts';
import { documentsOf, droppedThere, toFindHere, toFindThere, withFound } from './compared-documents.ts';
import { planRepair } from './repair-plan.ts';

const WALL_MS = 1_000_000_000;
const CLOCK = { wallMs: WALL_MS, driftMsMax: 1000 };
const stamp = (ms: number, node = 'a'): Stamp => ({ ms: WALL_MS + ms, node, incarnation: 'x', seq: 1 });
const at = (ms: number | null, node?: string): string | null =>
  ms === null ? null : formatPlacedStamp(stamp(ms, node));

const document = (mine: number | null, theirs: number | null): Difference => ({
  collection: 'c',
  key: 'k',
  mine: at(mine),
  theirs: at(theirs),
});
const tombstone = (mine: number | null, theirs: number | null): Difference => ({
  ...document(mine, theirs),
  collection: TOMBSTONES,
  key: 'c/k',
});
const planOf = (second: readonly Difference[], first = second) =>
  planRepair({ first: documentsOf(first), second: documentsOf(second) }, CLOCK);
const DOCUMENT = { collection: 'c', key: 'k' };
const TOMBSTONE = { collection: TOMBSTONES, key: 'c/k' };
const NOTHING = { fetch: [], submit: [], heldBack: [] };
const OLD_MS = -86_400_001;

describe('what two nodes tell each other', () => {
  it.each<[what: string, second: readonly Difference[], plan: object]>([
    ['a document that is only there', [document(null, 1)], { fetch: [DOCUMENT] }],
    ['a document that is only here', [document(1, null)], { submit: [DOCUMENT] }],
    ['the newer of two', [document(1, 2)], { fetch: [DOCUMENT] }],
    ['a deletion of what is here', [document(1, null), tombstone(null, 2)], { fetch: [TOMBSTONE] }],
    ['a deletion before what is here', [document(2, null), tombstone(null, 1)], { submit: [DOCUMENT] }],
    [
      'an expiry, which has the stamp of what it ends',
      [document(null, 1), tombstone(1, null)],
      { submit: [TOMBSTONE] },
    ],
    ['a young tombstone', [tombstone(null, 1)], { fetch: [TOMBSTONE] }],
    ['an old tombstone of nothing', [tombstone(null, OLD_MS)], {}],
    ['an old tombstone that the other one has dropped', [tombstone(OLD_MS, null)], {}],
    [
      'an old tombstone of what is there',
      [document(null, OLD_MS - 1), tombstone(OLD_MS, null)],
      { submit: [TOMBSTONE] },
    ],
    ['what is within the bound of the clock', [document(null, 1000)], { fetch: [DOCUMENT] }],
    ['what is beyond it', [document(null, 1001)], { heldBack: [stamp(1001)] }],
    ['what is beyond it here', [document(1001, null)], { submit: [DOCUMENT] }],
  ])('is %s', (_what, second, plan) => {
    expect(planOf(second)).toMatchObject({ ...NOTHING, ...plan });
  });

  it.each<[what: string, first: readonly Difference[], second: readonly Difference[], plan: object]>([
    ['was not there at the first look', [], [document(null, 1)], {}],
    ['has come meanwhile', [document(null, 1)], [document(2, 3)], {}],
    ['is older here than it was', [document(1, 2)], [document(1, 3)], { fetch: [DOCUMENT] }],
    [
      'is written here again and again, and never there',
      [document(1, null)],
      [document(2, null)],
      { submit: [DOCUMENT] },
    ],
    [
      'has been deleted here meanwhile',
      [document(1, 2)],
      [document(null, 2), tombstone(3, null)],
      { submit: [TOMBSTONE] },
    ],
  ])('is not what is on its way: what %s', (_what, first, second, plan) => {
    expect(planOf(second, first)).toMatchObject({ ...NOTHING, ...plan });
  });

  it.each<[what: string, first: readonly Difference[], second: readonly Difference[], counts: number[]]>([
    ['what is older here', [document(1, 2)], [document(1, 2)], [1, 0]],
    ['what is older here, though it has moved', [document(1, 3)], [document(2, 3)], [1, 0]],
    ['what is beyond the bound of the clock', [document(null, 1001)], [document(null, 1001)], [1, 0]],
    ['what is older there', [document(2, 1)], [document(2, 1)], [0, 1]],
    ['what is older there, though it has moved', [document(3, 1)], [document(3, 2)], [0, 1]],
    ['what was newer there, and is older now', [document(1, 2)], [document(3, 2)], [0, 1]],
    ['no more what has settled', [document(1, 2)], [], [0, 0]],
    ['not yet what has come since', [], [document(1, 2)], [0, 0]],
    ['no more what is only an old tombstone', [document(1, OLD_MS)], [tombstone(null, OLD_MS)], [0, 0]],
  ])('is missing until it is there: %s', (_what, first, second, counts) => {
    const { missing, missingThere } = planOf(second, first);
    expect([missing, missingThere]).toStrictEqual(counts);
  });

  it('brings two nodes to the same, and each document to its newest', () => {
    const held = fc.option(fc.record({ ms: fc.nat(6), isDeleted: fc.boolean() }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), fc.record({ mine: held, theirs: held })),
        (nodes) => {
          const differences = Object.entries(nodes).flatMap(([key, sides]) => differencesOf(key, sides));
          const plan = planOf(differences);
          for (const [key, { mine, theirs }] of Object.entries(nodes)) {
            const has = (items: readonly { readonly key: string }[]): boolean =>
              items.some((item) => item.key === key || item.key === `c/${key}`);
            const order = rank(mine) - rank(theirs);
            expect([has(plan.submit), has(plan.fetch)]).toStrictEqual([order > 0, order < 0]);
          }
        },
      ),
    );
  });
});

describe('a document and its tombstone, which are far from each other', () => {
  const [held, dead] = [
    { ...DOCUMENT, stamp: stamp(1) },
    { ...TOMBSTONE, stamp: stamp(2) },
  ];

  it.each<[what: string, difference: Difference, here: object[], there: object[]]>([
    ['a document that is only there', document(null, 1), [TOMBSTONE], []],
    ['a document that is only here', document(1, null), [], []],
    ['a tombstone that is only there', tombstone(null, OLD_MS), [DOCUMENT], []],
    ['a young tombstone that is only here', tombstone(1, null), [], []],
    ['an old tombstone that is only here', tombstone(OLD_MS, null), [], [DOCUMENT]],
    ['a tombstone that both have', tombstone(1, 2), [], []],
  ])('are looked for by name, where something depends on it: %s', (_what, difference, here, there) => {
    const documents = documentsOf([difference]);
    expect([toFindHere(documents), toFindThere(documents, WALL_MS)]).toStrictEqual([here, there]);
  });

  it('are one, and the newer counts', () => {
    const both = { mine: dead, theirs: held };
    expect([...withFound(documentsOf([document(null, 1)]), { mine: [dead], theirs: [] })]).toStrictEqual([
      ['c/k', both],
    ]);
    expect([...withFound(documentsOf([tombstone(2, null)]), { mine: [], theirs: [held] })]).toStrictEqual([
      ['c/k', both],
    ]);
    expect([...documentsOf([tombstone(2, null), document(null, 1)])]).toStrictEqual([['c/k', both]]);
  });

  it('are gone there, where only an old tombstone is here', () => {
    const gone = (difference: Difference) => droppedThere(documentsOf([difference]), WALL_MS);
    expect(gone(tombstone(OLD_MS, null))).toStrictEqual(['c/k']);
    for (const other of [tombstone(null, OLD_MS), tombstone(1, null), tombstone(OLD_MS, 1), document(OLD_MS, null)])
      expect(gone(other)).toStrictEqual([]);
    const found = withFound(documentsOf([tombstone(OLD_MS, null)]), { mine: [], theirs: [held] });
    expect(droppedThere(found, WALL_MS)).toStrictEqual([]);
  });
});

interface HeldHere {
  readonly ms: number;
  readonly isDeleted: boolean;
}

function rank(held: HeldHere | null): number {
  return held === null ? -1 : 2 * held.ms + Number(held.isDeleted);
}

function differencesOf(key: string, sides: { mine: HeldHere | null; theirs: HeldHere | null }): readonly Difference[] {
  const version = (held: HeldHere | null, isDeleted: boolean): string | null =>
    held?.isDeleted === isDeleted ? at(held.ms) : null;
  return [false, true].flatMap((isDeleted) => {
    const [mine, theirs] = [version(sides.mine, isDeleted), version(sides.theirs, isDeleted)];
    const name = isDeleted ? { collection: TOMBSTONES, key: `c/${key}` } : { collection: 'c', key };
    return mine === theirs ? [] : [{ ...name, mine, theirs }];
  });
}
