import assert from 'node:assert/strict';
import type { Store } from '@skein/core';
import { refused } from './looking.ts';
import type { Suite } from './suite.ts';

export function slots({ describe, test }: Suite): void {
  describe('slots', () => {
    test('are kept over a reopening, each as it was last saved, and dropped when told so', async (bench) => {
      const placed = await bench.placeLeader();
      assert.deepEqual([...(await placed.store.slots())], []);
      await placed.store.saveSlots(
        new Map([
          ['a', '1'],
          ['b', 'é'],
          ['c', '3'],
        ]),
      );
      await placed.store.saveSlots(
        new Map([
          ['a', '2'],
          ['c', null],
          ['d', null],
        ]),
      );
      const { store } = await bench.reopen(placed);
      assert.deepEqual(
        [...(await store.slots())],
        [
          ['a', '2'],
          ['b', 'é'],
        ],
      );
    });

    test('that cannot be saved poison the store as any write does', async (bench) => {
      const { store, faults } = await bench.placeLeader({ probe: () => Promise.reject(new Error('not now')) });
      faults.failWrite();
      await refused('outcome_unknown', store.saveSlots(new Map([['a', '1']])));
      assert.equal(store.state, 'poisoned');
      await refused('starting', store.saveSlots(new Map([['a', '1']])));
    });
  });

  describe('notes', () => {
    test('are kept over a reopening, each as it was last saved', async (bench) => {
      const placed = await bench.placeLeader();
      assert.equal(await placed.store.note('a'), undefined);
      await placed.store.saveNote('a', '1');
      await placed.store.saveNote('ab', 'é');
      await placed.store.saveNote('a', '2');
      const { store } = await bench.reopen(placed);
      assert.deepEqual([await store.note('a'), await store.note('ab'), await store.note('b')], ['2', 'é', undefined]);
    });

    test('that cannot be saved poison the store as any write does', async (bench) => {
      const { store, faults } = await bench.placeLeader({ probe: () => Promise.reject(new Error('not now')) });
      faults.failWrite();
      await refused('outcome_unknown', store.saveNote('a', '1'));
      assert.equal(store.state, 'poisoned');
      await refused('starting', store.saveNote('a', '1'));
    });
  });

  describe('a log that lost its newest record', () => {
    test('is not believed when something was stored behind it', async (bench) => {
      for (const storeBehind of [
        (store: Store) => store.saveSlots(new Map([['a', '1']])),
        (store: Store) => store.saveNote('a', '1'),
        (store: Store) => store.trim(2),
      ]) {
        const placed = await bench.placeLeader();
        for (let i = 1; i <= 3; i++) await placed.store.collection('c').put('k', i);
        await storeBehind(placed.store);
        await placed.store.close();
        await placed.level.open();
        const records = { gte: Buffer.from('l'), lt: Buffer.from('m'), reverse: true, limit: 1 };
        for (const newest of await placed.level.keys(records).all()) await placed.level.del(newest);
        await placed.level.close();
        await refused('corrupt', bench.open(placed.level, 'leader'));
      }
    });
  });

  describe('the size of the log', () => {
    test('is that of its records, over a reopening too, and shrinks when it is trimmed', async (bench) => {
      const placed = await bench.placeLeader();
      assert.equal(placed.store.logSizes.bytes, 0);
      const valueText = JSON.stringify('x'.repeat(600_000));
      for (let i = 0; i < 6; i++) await placed.store.load([{ op: 'put', collection: 'c', key: `k${i}`, valueText }]);
      const { bytes } = placed.store.logSizes;
      assert.ok(bytes > 3_600_000 && bytes < 3_610_000);
      const { store } = await bench.reopen(placed);
      assert.equal(store.logSizes.bytes, bytes);
      assert.equal(store.logSizes.startWithin(bytes), 1);
      await store.trim(5);
      assert.equal(store.logSizes.startWithin(bytes), 5);
      assert.ok(store.logSizes.bytes < bytes / 2);
    });
  });
}
