import { compareStamps, recordLines, TOMBSTONES } from '@skein/protocol';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { Store } from '../store.ts';
import type { Operation } from '../write/operation.ts';
import { mergeChangeOf, type MergeChange } from './merge-change.ts';

const NODES = ['a', 'b', 'c'] as const;
const ALL = { changesMax: 1_000_000, bytesMax: 64 * 1024 * 1024 };

/** Wall clocks that differ by some time and stand still, so that stamps are close to each other and often equal in time. */
const WALLS = { a: 1000, b: 1003, c: 1000 };

type Step =
  | { readonly kind: 'write'; readonly node: number; readonly operations: readonly Operation[] }
  /** What one has told so far, or a part of it, in any order, comes to another. */
  | { readonly kind: 'deliver'; readonly from: number; readonly to: number; readonly seed: number };

const place = fc.record({ collection: fc.constantFrom('c', 'd'), key: fc.constantFrom('x', 'y') });
const operation = fc
  .tuple(
    place,
    fc.oneof(
      fc.nat(9).map((value) => ({ op: 'put' as const, valueText: String(value) })),
      fc.constant({ op: 'delete' as const }),
      fc.constant({ op: 'increment' as const, by: 1 }),
    ),
  )
  .map(([at, what]): Operation => ({ ...at, ...what }));
const node = fc.nat(NODES.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    node,
    operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('deliver' as const), from: node, to: node, seed: fc.nat() }),
);

async function openNode(name: (typeof NODES)[number]): Promise<Store> {
  const level = new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const clock = {
    now: () => 0,
    wall: () => WALLS[name],
    later: () => () => undefined,
    sleep: () => new Promise<void>(() => undefined),
  };
  const mesh = { newIncarnation: () => name, keepsConflicts: true, assertFits: () => undefined };
  return Store.open({ level, role: 'mesh', node: name, clock, mesh });
}

async function told(store: Store): Promise<readonly MergeChange[]> {
  const { records } = await store.readLog(0, ALL);
  const lines = records.flatMap((record) => Buffer.from(recordLines(record)).toString().trimEnd().split('\n'));
  return lines.map((line) => mergeChangeOf(Buffer.from(line))).filter((change) => change !== null);
}

/** In an order of its own, some left out and some twice. */
function disordered(changes: readonly MergeChange[], seed: number): readonly MergeChange[] {
  const rank = (i: number): number => ((seed + 1) * 2654435761 + i * 40503) % 1009;
  const order = changes.map((change, i) => ({ change, rank: rank(i) })).toSorted((a, b) => a.rank - b.rank);
  return order.flatMap(({ change, rank: by }) => (by % 5 === 0 ? [] : by % 5 === 1 ? [change, change] : [change]));
}

async function contentOf(store: Store): Promise<unknown> {
  const content: unknown[] = [];
  for (const collection of ['c', 'd', TOMBSTONES])
    for await (const { key, value, made } of store.documents.iterate(collection))
      content.push([collection, key, value, made!.stamp]);
  return content;
}

/** What all changes that were ever made come to. */
function expected(changes: readonly MergeChange[]): unknown {
  const newest = new Map<string, MergeChange>();
  for (const change of changes) {
    const name = `${change.collection}/${change.key}`;
    const held = newest.get(name);
    if (held === undefined || compareStamps(change.stamp, held.stamp) > 0) newest.set(name, change);
  }
  const names = [...newest.keys()].toSorted();
  const there = names.filter((name) => newest.get(name)!.valueText !== null);
  const gone = names.filter((name) => newest.get(name)!.valueText === null);
  return [
    ...there.map((name) => {
      const { collection, key, valueText, stamp } = newest.get(name)!;
      return [collection, key, JSON.parse(valueText!) as unknown, stamp];
    }),
    ...gone.map((name) => [TOMBSTONES, name, null, newest.get(name)!.stamp]),
  ];
}

describe('stores of a mesh', () => {
  it('end with the same documents and tombstones, those of the newest changes, whatever came when, and log nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const stores = await Promise.all(NODES.map(openNode));
        for (const one of steps) {
          if (one.kind === 'write') await stores[one.node]!.commit(one).catch(() => undefined);
          else await stores[one.to]!.merge(disordered(await told(stores[one.from]!), one.seed));
        }
        const all = (await Promise.all(stores.map(told))).flat();
        for (const store of stores) await store.merge(all);
        for (const store of stores) {
          expect(await contentOf(store)).toEqual(expected(all));
          const stamps = (await told(store)).map(({ stamp, collection, key }) =>
            JSON.stringify([stamp, collection, key]),
          );
          expect(new Set(stamps).size).toBe(stamps.length);
          expect((await store.merge(all)).taken).toBe(0);
          expect((await store.scrub()).problems).toEqual([]);
          await store.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});
