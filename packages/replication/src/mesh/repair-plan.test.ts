import { formatPlacedStamp, TOMBSTONES, type Stamp } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Difference } from '../digest-diff.ts';
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
const planOf = (second: readonly Difference[], first = second) => planRepair({ first, second }, CLOCK);
const DOCUMENT = { collection: 'c', key: 'k' };
const TOMBSTONE = { collection: TOMBSTONES, key: 'c/k' };
const NOTHING = { fetch: [], submit: [], heldBack: [], droppedThere: [] };
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
    ['an old tombstone that the other one has dropped', [tombstone(OLD_MS, null)], { droppedThere: ['c/k'] }],
    [
      'an old tombstone of what is there',
      [document(null, OLD_MS - 1), tombstone(OLD_MS, null)],
      { submit: [TOMBSTONE] },
    ],
    ['what is within the bound of the clock', [document(null, 1000)], { fetch: [DOCUMENT] }],
    ['what is beyond it', [document(null, 1001)], { heldBack: [stamp(1001)] }],
    ['what is beyond it here', [document(1001, null)], { submit: [DOCUMENT] }],
  ])('is %s', (_what, second, plan) => {
    expect(planOf(second)).toStrictEqual({ ...NOTHING, ...plan });
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
    expect(planOf(second, first)).toStrictEqual({ ...NOTHING, ...plan });
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
