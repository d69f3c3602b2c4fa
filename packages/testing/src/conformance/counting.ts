import assert from 'node:assert/strict';
import type { Store } from '@skein/core';
import { entriesOf, follow, recordsOf, refused, until } from './looking.ts';
import type { Suite } from './suite.ts';

/** More changes than a page may have and still be looked up: what it touches is no longer counted. */
const LARGE = 300;

export function counting({ describe, test }: Suite): void {
  describe('counts', () => {
    test('follow every kind of change, and survive a reopening', async (bench) => {
      const placed = await bench.placeLeader();
      const [a, b] = [placed.store.collection('a'), placed.store.collection('b')];
      await Promise.all([a.put('1', 1), a.put('2', 1), a.put('1', 2), b.increment('n')]);
      await a.delete('1');
      await placed.store.load(['2', '3', '4', '4'].map((key) => ({ op: 'put', collection: 'a', key, valueText: '1' })));
      const expected = [
        { name: 'a', documents: 3 },
        { name: 'b', documents: 1 },
      ];
      assert.deepEqual(await placed.store.collections(), expected);
      assert.deepEqual(await (await bench.reopen(placed)).store.collections(), expected);
    });

    test('leave out what is empty, and take it in again', async (bench) => {
      const store = await bench.leader();
      await store.collection('z').put('k', 1);
      await store.collection('a').put('k', 1);
      await store.collection('z').delete('k');
      assert.deepEqual(await store.collections(), [{ name: 'a', documents: 1 }]);
      await store.collection('z').put('k', 1);
      assert.deepEqual(
        (await store.collections()).map(({ name }) => name),
        ['a', 'z'],
      );
    });

    test('of a collection that was empty tell what is new from what is not', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      const isNew = async (write: Promise<{ readonly created: boolean }>): Promise<boolean> => (await write).created;
      assert.deepEqual([await isNew(c.put('a', 1)), await isNew(c.put('a', 2))], [true, false]);
      assert.deepEqual(await Promise.all([isNew(c.put('b', 1)), isNew(c.put('b', 2)), isNew(c.put('a', 3))]), [
        true,
        false,
        false,
      ]);
      await c.delete('a');
      assert.deepEqual([await isNew(c.put('a', 1)), await isNew(c.put('a', 2))], [true, false]);
      assert.deepEqual(await store.collections(), [{ name: 'c', documents: 2 }]);
      for (const collection of [c, store.collection('unknown')]) {
        faults.failWrite({ isStored: true });
        await refused('outcome_unknown', collection.put('x', 1));
        await until(() => store.state === 'ready');
        assert.deepEqual([await isNew(collection.put('x', 2)), await isNew(collection.put('y', 1))], [false, true]);
      }
      assert.deepEqual(await store.collections(), [
        { name: 'c', documents: 4 },
        { name: 'unknown', documents: 2 },
      ]);
    });

    test('of a follower that takes small pages are kept as it goes', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.placeFollower()];
      await mixed(leader, 20);
      await follow(leader, follower.store);
      assert.ok((await entriesOf(follower.level, 'n')).every((entry) => !isUnknown(entry)));
      assert.deepEqual(await follower.store.collections(), await leader.collections());
    });

    test('nobody has kept are counted when asked for, by a follower too', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.placeFollower()];
      await mixed(leader, LARGE);
      await follow(leader, follower.store);
      assert.ok((await entriesOf(follower.level, 'n')).some(isUnknown));
      assert.deepEqual(await follower.store.collections(), await leader.collections());
      await leader.collection('a').delete((await leader.documents.scan('a', { limit: 1 })).documents[0]!.key);
      await leader.collection('a').put('new', 1);
      await leader.collection('a').put('newer', 1);
      await follow(leader, follower.store);
      assert.ok((await entriesOf(follower.level, 'n')).some((entry) => !isUnknown(entry)));
      assert.deepEqual(await follower.store.collections(), await leader.collections());
    });

    test('unknown are still unknown after a reopening, and then counted', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.placeFollower()];
      await mixed(leader, LARGE);
      await follow(leader, follower.store);
      const { store } = await bench.reopen(follower);
      assert.deepEqual(await store.collections(), await leader.collections());
    });

    test('being made while pages arrive, small and large, come out right', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.placeFollower()];
      await mixed(leader, LARGE);
      await follow(leader, follower.store);
      for (const size of [1, LARGE, 2, 3, LARGE]) await mixed(leader, size);
      const log = leader.facts.identity.log!;
      const records = (await recordsOf(leader)).filter(
        ({ offsetFirst }) => offsetFirst > follower.store.facts.head.offset,
      );
      const asked: Promise<unknown>[] = [];
      for (const record of records) {
        asked.push(follower.store.collections());
        await follower.store.apply(log, [record]);
      }
      await Promise.all(asked);
      assert.deepEqual(await follower.store.collections(), await leader.collections());
      const { problems } = await follower.store.scrub();
      assert.deepEqual(problems, []);
    });

    test('asked for by many at once are counted once', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      await mixed(leader, LARGE);
      await follow(leader, follower);
      const answers = await Promise.all(Array.from({ length: 20 }, () => follower.collections()));
      for (const answer of answers) assert.deepEqual(answer, await leader.collections());
    });
  });
}

/** One record of so many puts over two collections, some of them of the same documents, and then some deletes. */
async function mixed(store: Store, size: number): Promise<void> {
  await store.load(
    Array.from({ length: size }, (_, i) => ({
      op: 'put',
      collection: i % 3 === 0 ? 'b' : 'a',
      key: `k${(i * 7 + store.facts.head.offset) % 211}`,
      valueText: String(i),
    })),
  );
  const page = await store.documents.scan('a', { limit: 3 });
  for (const { key } of page.documents) await store.collection('a').delete(key);
}

/** An unknown count is stored as nothing, behind its checksum. */
function isUnknown(entry: string): boolean {
  return entry.split('=')[1]!.length === 8;
}
