import assert from 'node:assert/strict';
import type { Store } from '@skein/core';
import { ALL, changesOf, entriesOf, follow, listOf, refused } from './looking.ts';
import type { Suite } from './suite.ts';

export function trimming({ describe, test }: Suite): void {
  describe('trimming', () => {
    test('drops whole records below what is wanted, and no documents', async (bench) => {
      const { store, level } = await bench.placeLeader();
      await records(store, [3, 1, 4, 2]);
      const documents = await listOf(store, 'c');
      for (const [wanted, tail, kept] of [
        [0, 1, 4],
        [3, 1, 4],
        [4, 4, 3],
        [7, 5, 2],
        [5, 5, 2],
        [1, 5, 2],
      ] as const) {
        assert.deepEqual([await store.trim(wanted), store.facts.tail], [tail, tail]);
        assert.equal((await entriesOf(level, 'l')).length, kept);
      }
      assert.deepEqual(
        (await changesOf(store)).map(({ offset }) => offset),
        [5, 6, 7, 8, 9, 10],
      );
      assert.deepEqual(await listOf(store, 'c'), documents);
      assert.equal(store.facts.head.offset, 10);
    });

    test('never drops the newest record', async (bench) => {
      const placed = await bench.placeLeader();
      assert.equal(await placed.store.trim(100), 1);
      await records(placed.store, [3, 4]);
      assert.equal(await placed.store.trim(Number.MAX_SAFE_INTEGER), 4);
      const { facts } = placed.store;
      const { store } = await bench.reopen(placed);
      assert.deepEqual(store.facts, facts);
      await records(store, [1]);
      assert.deepEqual(
        (await changesOf(store)).map(({ offset }) => offset),
        [4, 5, 6, 7, 8],
      );
    });

    test('keeps what is needed by who comes while it waits for its turn', async (bench) => {
      const { store } = await bench.placeLeader();
      await records(store, [3, 1, 4]);
      let keptFrom = Infinity;
      store.subscribe(() => (keptFrom = 4));
      const writing = store.collection('c').put('k', 1);
      assert.equal(await store.trim(6, () => keptFrom), 4);
      await writing;
    });

    test('leaves the offset before the tail known, and nothing below', async (bench) => {
      const { store } = await bench.placeLeader();
      await records(store, [3, 1, 4]);
      const held = await store.positionAt(4);
      await store.trim(5);
      assert.deepEqual(await store.positionAt(4), held);
      for (const offset of [1, 2, 3]) assert.equal(await store.positionAt(offset), undefined);
      assert.equal((await store.readLog(0, ALL)).records[0]?.offsetFirst, 5);
    });

    test('makes the new tail durable before anything goes', async (bench) => {
      const placed = await bench.placeLeader({ probe: neverAgain });
      await records(placed.store, [3, 1, 4, 2]);
      placed.faults.failWrite({ skip: 1 });
      await refused('outcome_unknown', placed.store.trim(9));
      assert.equal((await entriesOf(placed.level, 'l')).length, 4);
      const { store } = await bench.reopen(placed);
      assert.deepEqual([store.facts.tail, (await entriesOf(placed.level, 'l')).length], [9, 1]);
    });

    test('that cannot store its tail drops nothing', async (bench) => {
      const placed = await bench.placeLeader({ probe: neverAgain });
      await records(placed.store, [3, 1, 4, 2]);
      placed.faults.failWrite();
      await refused('outcome_unknown', placed.store.trim(9));
      const { store } = await bench.reopen(placed);
      assert.deepEqual([store.facts.tail, (await changesOf(store)).length], [1, 10]);
    });

    test('that stopped half-way is finished at the next opening', async (bench) => {
      const placed = await bench.placeLeader({ probe: neverAgain });
      await records(placed.store, Array<number>(1500).fill(1));
      placed.faults.failWrite({ skip: 2 });
      await refused('outcome_unknown', placed.store.trim(1400));
      assert.equal((await entriesOf(placed.level, 'l')).length, 500);
      const { store } = await bench.reopen(placed);
      assert.deepEqual([store.facts.tail, store.facts.head.offset], [1400, 1500]);
      assert.equal((await entriesOf(placed.level, 'l')).length, 101);
      assert.equal((await changesOf(store))[0]?.offset, 1400);
    });

    test('goes on beside writes and reads', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const writing = records(store, Array<number>(40).fill(2));
      for (let tail = 1; tail < 70; tail = await store.trim(tail + 5)) {
        const { records: found } = await store.readLog(Math.max(0, store.facts.head.offset - 2), ALL);
        assert.ok(found.every(({ offsetLast }) => offsetLast <= store.facts.head.offset));
        await store.collection('d').increment('k');
      }
      await writing;
      assert.equal(faults.writesInFlightMax, 1);
      assert.deepEqual((await store.scrub()).problems, []);
    });

    test('is each node for itself: a trimmed follower goes on following', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      await records(leader, [3, 1]);
      await follow(leader, follower);
      await follower.trim(4);
      await records(leader, [2]);
      await follow(leader, follower);
      assert.deepEqual([follower.facts.tail, follower.facts.head], [4, leader.facts.head]);
    });
  });
}

/** Keeps a poisoned store from recovering by itself. */
function neverAgain(): Promise<void> {
  return Promise.reject(new Error('not now'));
}

async function records(store: Store, sizes: readonly number[]): Promise<void> {
  for (const size of sizes) {
    await store.load(
      Array.from({ length: size }, (_, i) => ({ op: 'put', collection: 'c', key: `k${i}`, valueText: '1' })),
    );
  }
}
