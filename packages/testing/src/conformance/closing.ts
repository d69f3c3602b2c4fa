import assert from 'node:assert/strict';
import type { Written } from '@skein/core';
import { ALL, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function closing({ describe, test }: Suite): void {
  describe('closing', () => {
    test('answers every write that waits, durable', async (bench) => {
      const placed = await bench.placeLeader();
      const release = placed.faults.holdWrites();
      const increment = (): Promise<Written> => placed.store.collection('c').increment('k');
      const writes = Array.from({ length: 25 }, increment);
      await until(() => placed.faults.writesInFlight > 0);
      writes.push(...Array.from({ length: 25 }, increment));
      const closed = placed.store.close();
      release();
      const answers = await Promise.all(writes);
      await closed;
      assert.deepEqual(
        answers.map(({ position }) => position.offset),
        Array.from({ length: 50 }, (_, i) => i + 1),
      );
      assert.equal(await valueOf((await bench.reopen(placed)).store, 'c', 'k'), 50);
    });

    test('takes no new writes from the moment it is asked', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const release = faults.holdWrites();
      const write = store.collection('c').increment('k');
      const closed = store.close();
      await refused('stopping', store.collection('c').increment('k'));
      await refused('stopping', store.load([]));
      release();
      await Promise.all([write, closed]);
      assert.equal(store.facts.head.offset, 1);
    });

    test('leaves a store that refuses everything', async (bench) => {
      const { store } = await bench.placeLeader();
      await store.collection('c').put('k', 1);
      await store.close();
      assert.equal(store.state, 'closed');
      const attempts: readonly (() => Promise<unknown>)[] = [
        () => store.collection('c').put('k', 1),
        () => store.trim(1),
        () => store.collection('c').get('k'),
        () => store.collection('c').getMany(['k']),
        () => store.documents.scan('c'),
        () => store.readLog(0, ALL),
        () => store.snapshot(),
        () => store.scrub(),
      ];
      for (const attempt of attempts) await refused('stopping', attempt());
    });

    test('twice is closing once', async (bench) => {
      const store = await bench.leader();
      await Promise.all([store.close(), store.close()]);
      await store.close();
      assert.equal(store.state, 'closed');
    });

    test('leaves a follower that refuses records', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      await leader.collection('c').put('k', 1);
      await follower.close();
      await refused('stopping', follower.apply(leader.facts.identity.log!, (await leader.readLog(0, ALL)).records));
    });
  });
}
