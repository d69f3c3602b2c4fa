import {
  beginsWith,
  EVERYWHERE,
  formatPlace,
  placeHash,
  type DigestPage,
  type DigestShape,
  type Place,
} from '@skein/protocol';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import type { Level } from '../level/level.ts';
import { Store } from '../store.ts';
import type { Operation } from '../write/operation.ts';
import type { Digest } from './digest.ts';
import { Digests } from './digests.ts';

/** Every fourth document begins a leaf and every sixteenth a branch, so that batches meet boundaries all the time. */
const SHAPE: DigestShape = { leafBits: 2, branchBits: 4 };
const GATE = { assertOpen: () => undefined, failed: (error: unknown) => error };

const COLLECTIONS = ['a', 'ab', 'a-'] as const;
const KEYS = 60;

function placeOf({ collection, key }: { readonly collection: string; readonly key: string }): Buffer {
  return Buffer.from(`${collection}\0${key}`);
}

const operation: fc.Arbitrary<Operation> = fc
  .record({
    collection: fc.constantFrom(...COLLECTIONS),
    key: fc.integer({ min: 0, max: KEYS - 1 }).map((i) => (i % 7 === 0 ? `\u{1f600}/${i}` : `k${i}`)),
    body: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map((n) => ({ op: 'put' as const, valueText: `${n}` })) },
      { weight: 2, arbitrary: fc.constant({ op: 'delete' as const }) },
    ),
  })
  .map(({ collection, key, body }) => ({ collection, key, ...body }));

/** Deletes and puts of documents that begin leaves, more often than chance has them. */
const atBoundaries = operation.filter((each) => beginsWith(placeHash(placeOf(each)), SHAPE.leafBits));
const batch = fc.array(fc.oneof(operation, atBoundaries), { minLength: 1, maxLength: 4 });
const wholeCollection: fc.Arbitrary<readonly Operation[]> = fc
  .constantFrom(...COLLECTIONS)
  .map((collection) => Array.from({ length: KEYS }, (_, i) => ({ op: 'delete', collection, key: `k${i}` }) as const));
const batches = fc.array(fc.oneof({ weight: 8, arbitrary: batch }, { weight: 1, arbitrary: wholeCollection }), {
  minLength: 1,
  maxLength: 10,
});

async function openLeader(): Promise<{ readonly level: Level; readonly store: Store }> {
  const level = new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  return { level, store: await Store.open({ level, role: 'leader', node: 'leader-1' }) };
}

async function put(store: Store, operations: readonly Operation[]): Promise<void> {
  // A delete of what is not there is refused; alone, it stops none of the others.
  for (const each of operations) await store.commit({ operations: [each] }).catch(() => undefined);
}

/** All that can be asked of a digest. */
async function told(digest: Digest): Promise<unknown> {
  const { entries: branches } = digest.branches(EVERYWHERE);
  const ranges = branches.map(({ from }, i) => ({ from, to: branches[i + 1]?.from ?? null }));
  return {
    root: digest.root,
    branches,
    leaves: ranges.map((range) => digest.leaves(range).entries),
    documents: await Promise.all(ranges.map(async (range) => (await digest.documents(range)).entries)),
  };
}

describe('a tree brought along the log', () => {
  it('is what one made from scratch is, after any batches', async () => {
    let alongInAll = 0;
    await fc.assert(
      fc.asyncProperty(batches, fc.constantFrom('version' as const, 'value' as const), async (steps, by) => {
        const { store } = await openLeader();
        const all = COLLECTIONS.flatMap((collection) =>
          Array.from({ length: KEYS }, (_, i) => ({ op: 'put', collection, key: `k${i}`, valueText: '1' }) as const),
        );
        await store.load(all);
        const kept = new Digests(GATE, SHAPE);
        for (const operations of [[], ...steps]) {
          await put(store, operations);
          const snapshot = await store.snapshot();
          const before = kept.documentsRead;
          const brought = await kept.at(snapshot, by);
          if (before > 0 && kept.documentsRead - before < brought.root.documents) alongInAll++;
          expect(await told(brought)).toStrictEqual(await told(await new Digests(GATE, SHAPE).at(snapshot, by)));
          await snapshot.close();
        }
        await store.close();
      }),
      { numRuns: 60 },
    );
    // Had it read everything each time, the above would show nothing.
    expect(alongInAll).toBeGreaterThan(60);
  });
});

describe('a digest', () => {
  it('has each document in exactly one leaf and each leaf in one branch, in order, with the counts true', async () => {
    const { store } = await openLeader();
    await store.load(
      Array.from({ length: 500 }, (_, i) => ({ op: 'put', collection: 'c', key: `k${i}`, valueText: `${i}` }) as const),
    );
    const snapshot = await store.snapshot();
    const digest = await new Digests(GATE, SHAPE).at(snapshot);
    const branches = digest.branches(EVERYWHERE).entries;
    const leaves = digest.leaves(EVERYWHERE).entries;
    const documents = (await digest.documents(EVERYWHERE)).entries;
    expect(documents.map(({ key }) => key)).toStrictEqual(
      Array.from({ length: 500 }, (_, i) => `k${i}`).toSorted((a, b) => (a < b ? -1 : 1)),
    );
    expect(leaves.length).toBeGreaterThan(50);
    expect(branches.length).toBeGreaterThan(10);
    expect(sum(branches)).toBe(500);
    for (const [i, { from, documents: count }] of branches.entries()) {
      const to = branches[i + 1]?.from ?? null;
      expect(sum(digest.leaves({ from, to }).entries)).toBe(count);
    }
    for (const [i, { from, documents: count }] of leaves.entries()) {
      const page = await digest.documents({ from, to: leaves[i + 1]?.from ?? null });
      expect(firstOf(page)).toBe(from);
      expect(page.entries).toHaveLength(count);
    }
    await snapshot.close();
    await store.close();
  });
});

function sum(ranges: readonly { readonly documents: number }[]): number {
  return ranges.reduce((total, { documents }) => total + documents, 0);
}

function firstOf({ entries }: DigestPage<{ readonly collection: string; readonly key: string }>): Place {
  return formatPlace(entries[0]!.collection, entries[0]!.key);
}
