import assert from 'node:assert/strict';
import { mergeChangeOf, type MergeChange, type Merged, type Store } from '@skein/core';
import {
  compareStamps,
  CONFLICTS,
  parseStamp,
  recordLines,
  SkeinError,
  TOMBSTONES,
  type Change,
} from '@skein/protocol';
import { changesIn, keysOf, recordsOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

/** What nodes of a mesh do with each other's changes; how these travel is not the store's. */
export function merging({ describe, test }: Suite): void {
  describe('a node of a mesh', () => {
    test('stamps what it writes, each newer than all before, and numbers it without gaps', async (bench) => {
      const store = await bench.meshNode('a');
      const c = store.collection('c');
      await Promise.all([c.put('x', 1), c.put('y', 1), refused('not_found', c.delete('z')), c.increment('x')]);
      bench.clock.setWall(bench.clock.wall() - 60_000);
      await store.commit({
        operations: [
          { collection: 'c', key: 'x', op: 'delete' },
          { collection: 'c', key: 'z', op: 'put', valueText: '1' },
        ],
      });
      const own = (await linesOf(store)).filter(({ collection }) => collection === 'c');
      const stamps = own.map(({ stamp }) => parseStamp(stamp!, 'a'));
      assert.deepEqual(
        stamps.map(({ seq, incarnation }) => [seq, incarnation]),
        [1, 2, 3, 4, 5].map((seq) => [seq, 'ia1']),
      );
      for (const [i, stamp] of stamps.entries()) if (i > 0) assert.ok(compareStamps(stamp, stamps[i - 1]!) > 0);
    });

    test('does not run ahead of its clock, however much it writes, and still each change is newer', async (bench) => {
      const store = await bench.meshNode('a');
      for (let i = 0; i < 3; i++)
        await store.load(
          Array.from(
            { length: 1000 },
            (_, n) => ({ collection: 'c', key: `${n}`, op: 'put', valueText: `${i}` }) as const,
          ),
        );
      const stamps = (await linesOf(store)).map(({ stamp }) => parseStamp(stamp!, 'a'));
      for (const [i, stamp] of stamps.entries()) if (i > 0) assert.ok(compareStamps(stamp, stamps[i - 1]!) > 0);
      assert.equal(stamps.at(-1)!.ms, bench.clock.wall() + 1000);
      const other = await bench.meshNode('b');
      await merge(store, other);
      await assertAlike(store, other);
    });

    test('writes definitions each of a time of its own, for nothing else tells them apart', async (bench) => {
      const store = await bench.meshNode('a');
      await store.load(
        Array.from({ length: 1100 }, (_, n) => ({ collection: 'c', key: `${n}`, op: 'put', valueText: '1' }) as const),
      );
      for (const ttlSeconds of [1, 2]) await store.definitions.put('c', { ttlSeconds });
      const [first, second] = (await linesOf(store)).slice(-2).map(({ stamp }) => parseStamp(stamp!, 'a'));
      assert.ok(compareStamps(first!, second!) < 0);
    });

    test('keeps a tombstone of what is deleted, in its transaction, until it is written again', async (bench) => {
      const store = await bench.meshNode('a');
      const c = store.collection('c');
      await c.put('x', 1);
      await c.delete('x');
      assert.deepEqual(await keysOf(store, TOMBSTONES), ['c/x']);
      const [, deleted, tombstone] = await linesOf(store);
      assert.deepEqual([deleted!.tx, tombstone!.tx], [3, 3]);
      assert.equal(deleted!.stamp, tombstone!.stamp);
      await c.put('x', 2);
      assert.deepEqual(await keysOf(store, TOMBSTONES), []);
      assert.equal((await store.scrub()).problems.length, 0);
    });

    test('has time go on along its log, in what goes with changes too', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b', { keepsConflicts: true })];
      await b.collection('c').put('y', 'of b');
      await a.collection('c').put('x', 1);
      await a.commit({
        operations: [
          { collection: 'c', key: 'x', op: 'delete' },
          { collection: 'c', key: 'y', op: 'put', valueText: '1' },
        ],
      });
      await merge(a, b);
      assert.deepEqual(await keysOf(b, CONFLICTS), ['c/y']);
      for (const store of [a, b]) {
        const times = (await linesOf(store)).map(({ ts }) => ts);
        assert.deepEqual(
          times,
          times.toSorted((one, other) => one - other),
        );
      }
    });

    test('answers a repeat as it did the first time, and says nothing of tombstones', async (bench) => {
      const store = await bench.meshNode('a');
      await store.collection('c').put('x', 1);
      const idempotency = { keyDigest: 'a'.repeat(32), requestDigest: 'b'.repeat(32) };
      const operations = [
        { collection: 'c', key: 'x', op: 'delete' } as const,
        { collection: 'c', key: 'y', op: 'put', valueText: '1' } as const,
      ];
      const first = await store.commit({ operations, idempotency });
      const again = await store.commit({ operations, idempotency });
      assert.deepEqual({ ...again, replayed: false }, first);
      assert.equal(first.changes.length, 2);
    });

    test('refuses what could not travel, and nothing of it happens', async (bench) => {
      const assertFits = (): void => {
        throw new SkeinError('too_large', 'the event would be too large');
      };
      const store = await bench.meshNode('a', { assertFits });
      await refused('too_large', store.collection('c').put('x', 1));
      const other = await bench.meshNode('b');
      await refused('bad_key', other.collection('c').put('k'.repeat(1023), 1));
      assert.deepEqual([store.facts.head.offset, other.facts.head.offset], [0, 0]);
    });

    test('is not opened as anything else, nor anything else as one', async (bench) => {
      const { store, level } = await bench.placeMeshNode('a');
      await store.close();
      for (const role of ['leader', 'follower'] as const)
        await refused('wrong_data', bench.open(level, role, { takesEitherRole: true }));
      const leader = await bench.placeLeader();
      await leader.store.close();
      await refused('wrong_data', bench.open(leader.level, 'mesh', { takesEitherRole: true }));
    });
  });

  describe('merging', () => {
    test('takes what is newer, knows what it has, and passes over what is older', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await a.collection('c').put('x', { from: 'a' });
      assert.deepEqual(counts(await merge(a, b)), { taken: 1, known: 0, passedOver: 0, conflicts: 0 });
      assert.deepEqual(counts(await merge(a, b)), { taken: 0, known: 1, passedOver: 0, conflicts: 0 });
      const before = await changesOf(b);
      bench.clock.advance(1000);
      await b.collection('c').patch('x', { and: 'b' });
      assert.deepEqual(counts(await b.merge(before)), { taken: 0, known: 0, passedOver: 1, conflicts: 0 });
      await merge(b, a);
      assert.deepEqual(await valueOf(a, 'c', 'x'), { from: 'a', and: 'b' });
      await assertAlike(a, b);
    });

    test('ends with the same on both sides, whoever deleted, wrote or expired what', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await a.definitions.put('s', { ttlSeconds: 1 });
      for (const key of ['x', 'y', 'z']) await a.collection('c').put(key, 1);
      await a.collection('s').put('short', 1);
      await merge(a, b);
      bench.clock.advance(2000);
      await a.collection('c').delete('x');
      await b.collection('c').put('x', 'again');
      await b.collection('c').delete('y');
      for (const store of [a, b]) await store.commit({ operations: [{ collection: 's', key: 'short', op: 'expire' }] });
      await merge(a, b);
      await merge(b, a);
      await assertAlike(a, b);
      assert.equal((await merge(a, b)).taken, 0);
      assert.deepEqual(await keysOf(a, TOMBSTONES), await keysOf(b, TOMBSTONES));
    });

    test('leaves a tombstone where the document never was, so that what comes late is passed over', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await a.collection('c').put('x', 1);
      const [written] = await changesOf(a);
      await a.collection('c').delete('x');
      await b.merge((await changesOf(a)).filter(({ valueText }) => valueText === null));
      assert.equal((await b.merge([written!])).passedOver, 1);
      assert.equal(await valueOf(b, 'c', 'x'), undefined);
      await assertAlike(a, b);
    });

    test('moves its clock: what is written next is newer, also after a restart', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.placeMeshNode('b')];
      bench.clock.advance(60_000);
      await a.collection('c').put('x', 1);
      bench.clock.setWall(bench.clock.wall() - 60_000);
      await merge(a, b.store);
      const again = await bench.reopen(b, { node: 'b', mesh: { ...MESH, newIncarnation: () => 'other' } });
      await again.store.collection('c').put('x', 2);
      assert.equal((await merge(again.store, a)).taken, 1);
      assert.equal(await valueOf(a, 'c', 'x'), 2);
    });

    test('names who made a change and when in the line, wherever it goes', async (bench) => {
      const [a, b, c] = [await bench.meshNode('a'), await bench.meshNode('b'), await bench.meshNode('c')];
      await a.collection('c').put('x', 1);
      await merge(a, b);
      await merge(b, c);
      const [line] = await linesOf(c);
      assert.deepEqual([line!.origin, line!.stamp], ['a', (await linesOf(a))[0]!.stamp]);
    });

    test('counts a conflict once, and keeps what was lost where it is asked to', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b', { keepsConflicts: true })];
      await a.collection('c').put('x', 1);
      await merge(a, b);
      await a.collection('c').put('x', 'of a');
      bench.clock.advance(1000);
      await b.collection('c').put('x', 'of b');
      assert.equal((await merge(a, b)).conflicts, 1);
      assert.equal((await merge(a, b)).conflicts, 0);
      assert.equal((await merge(b, a)).conflicts, 1);
      const kept = (await valueOf(b, CONFLICTS, 'c/x')) as { readonly lost: readonly { readonly value: unknown }[] };
      assert.deepEqual(
        kept.lost.map(({ value }) => value),
        ['of a'],
      );
      assert.deepEqual(await keysOf(a, CONFLICTS), []);
      await assertAlike(a, b);
    });

    test('counts what was lost to the second of two writes that did not know of it', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await a.collection('c').put('x', 1);
      await merge(a, b);
      await a.collection('c').increment('x', 10);
      bench.clock.advance(1000);
      await b.collection('c').increment('x', 100);
      await b.collection('c').increment('x', 100);
      assert.equal((await merge(a, b)).conflicts, 1);
      // Of what b has written, a may hear of the last alone.
      const last = (await changesOf(b)).at(-1)!;
      assert.equal((await a.merge([last])).conflicts, 1);
      assert.equal(await valueOf(a, 'c', 'x'), 201);
    });

    test('replicates definitions, and holds nothing that is merged against them', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await b.collection('c').put('x', 'text');
      await a.definitions.put('c', { schema: { type: 'number' } });
      await merge(a, b);
      await merge(b, a);
      await assertAlike(a, b);
      await refused('invalid_document', b.collection('c').put('y', 'text'));
      assert.equal(await valueOf(a, 'c', 'x'), 'text');
    });

    test('begins another incarnation behind a write whose outcome is unknown', async (bench) => {
      const { store, faults } = await bench.placeMeshNode('a');
      await store.collection('c').put('x', 1);
      const before = store.incarnation;
      faults.failWrite({ isStored: true });
      await refused('outcome_unknown', store.collection('c').put('y', 1));
      await until(() => store.state === 'ready');
      await store.collection('c').put('z', 1);
      const stamps = (await linesOf(store)).map(({ stamp }) => parseStamp(stamp!, 'a'));
      assert.equal(stamps[0]!.incarnation, before);
      assert.deepEqual([stamps.at(-1)!.seq, stamps.at(-1)!.incarnation], [1, store.incarnation]);
      assert.notEqual(store.incarnation, before);
    });

    test('drops a tombstone without a word to others', async (bench) => {
      const [a, b] = [await bench.meshNode('a'), await bench.meshNode('b')];
      await a.collection('c').put('x', 1);
      await a.collection('c').delete('x');
      await merge(a, b);
      const { version } = (await a.documents.get(TOMBSTONES, 'c/x'))!;
      const drop = { collection: TOMBSTONES, key: 'c/x', op: 'delete', condition: { ifMatch: [version] } } as const;
      await a.commit({ operations: [drop] });
      await refused('not_found', a.commit({ operations: [{ ...drop, condition: undefined }] }));
      assert.deepEqual(await keysOf(a, TOMBSTONES), []);
      assert.equal((await merge(a, b)).taken, 0);
      assert.deepEqual(await keysOf(b, TOMBSTONES), ['c/x']);
    });

    test('is refused by whoever is of no mesh', async (bench) => {
      const a = await bench.meshNode('a');
      await a.collection('c').put('x', 1);
      const changes = await changesOf(a);
      await refused('wrong_data', (await bench.leader()).merge(changes));
      await refused('not_leader', (await bench.follower()).merge(changes));
      const [change] = changes;
      await refused('bad_record', a.merge([{ ...change!, collection: '$epochs' }]));
      await refused('bad_record', a.merge([{ ...change!, key: '..' }]));
      await refused('bad_record', a.merge([{ ...change!, valueText: '{' }]));
    });
  });
}

const MESH = { keepsConflicts: false, assertFits: (): undefined => undefined };

async function linesOf(store: Store): Promise<readonly Change[]> {
  return changesIn(await recordsOf(store));
}

/** All that a node has ever told. */
async function changesOf(store: Store): Promise<readonly MergeChange[]> {
  const lines = (await recordsOf(store)).flatMap((record) =>
    Buffer.from(recordLines(record)).toString().trimEnd().split('\n'),
  );
  return lines.map((line) => mergeChangeOf(Buffer.from(line))).filter((change) => change !== null);
}

async function merge(from: Store, to: Store): Promise<Merged> {
  return to.merge(await changesOf(from));
}

function counts({ taken, known, passedOver, conflicts }: Merged): Omit<Merged, 'position'> {
  return { taken, known, passedOver, conflicts };
}

/** What nodes compare, and what they would compare it for. */
async function assertAlike(...stores: readonly Store[]): Promise<void> {
  const roots = await Promise.all(stores.map(rootOf));
  for (const root of roots) assert.deepEqual(root, roots[0]);
}

async function rootOf(store: Store): Promise<unknown> {
  const snapshot = await store.snapshot();
  try {
    const { root } = await store.digests.at(snapshot, 'stamp');
    const documents = [];
    for (const { name } of (await store.collections()).filter((one) => one.name !== CONFLICTS))
      for (const key of await keysOf(store, name)) documents.push([name, key, await valueOf(store, name, key)]);
    return [root.hash, root.documents, documents];
  } finally {
    await snapshot.close();
  }
}
