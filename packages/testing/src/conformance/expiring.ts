import assert from 'node:assert/strict';
import { isoTime, type Store } from '@skein/core';
import { entriesOf, follow, keysOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function expiring({ describe, test }: Suite): void {
  describe('a document that expires', () => {
    test('is not seen from that moment on, on the leader and on a follower, by whichever way', async (bench) => {
      const leader = await bench.leader();
      const follower = await bench.follower();
      await leader.definitions.put('sessions', { ttlSeconds: 60, indexes: [{ name: 'by-user', fields: ['user'] }] });
      await leader.collection('sessions').put('old', { user: 1 });
      bench.clock.advance(30_000);
      await leader.collection('sessions').put('young', { user: 2 });
      await follow(leader, follower);
      bench.clock.advance(29_999);
      for (const store of [leader, follower]) assert.deepEqual(await seen(store), ['old', 'young']);
      bench.clock.advance(1);
      for (const store of [leader, follower]) {
        assert.deepEqual(await seen(store), ['young']);
        assert.equal(await valueOf(store, 'sessions', 'old'), undefined);
      }
    });

    test('expires at the time that its field has, and without one never', async (bench) => {
      const store = await bench.leader();
      const now = bench.clock.wall();
      await store.definitions.put('offers', { ttlField: 'until.at' });
      const offers = store.collection('offers');
      await offers.put('by-text', { until: { at: isoTime(now + 1000) } });
      await offers.put('by-number', { until: { at: now + 2000 } });
      await offers.put('null', { until: { at: null } });
      await offers.put('none', {});
      await refused('invalid_document', offers.put('unreadable', { until: { at: 'tomorrow' } }));
      bench.clock.advance(1000);
      assert.deepEqual(await keysOf(store, 'offers'), ['by-number', 'none', 'null']);
      bench.clock.advance(1000);
      assert.deepEqual(await keysOf(store, 'offers'), ['none', 'null']);
    });

    test('is not there for a write either', async (bench) => {
      const store = await bench.leader();
      await store.definitions.put('c', { ttlSeconds: 1 });
      const c = store.collection('c');
      await c.put('k', { a: 1 });
      await c.put('n', 5);
      bench.clock.advance(1000);
      await refused('not_found', c.delete('k'));
      await refused('precondition_failed', c.put('k', 1, { ifMatch: '*' }));
      const { created } = await c.put('k', { b: 1 }, { ifNoneMatch: '*' });
      assert.equal(created, true);
      await c.increment('n');
      assert.equal(await valueOf(store, 'c', 'n'), 1);
      assert.equal((await store.scrub()).problems.length, 0);
    });

    test('is deleted as any other, unless it has been written again', async (bench) => {
      const { store, level } = await bench.placeLeader();
      await store.definitions.put('c', { ttlSeconds: 1 });
      const c = store.collection('c');
      for (const key of ['a', 'b', 'd']) await c.put(key, 1);
      bench.clock.advance(999);
      assert.deepEqual(await store.indexes.expired('c', bench.clock.wall(), 10), []);
      bench.clock.advance(1);
      assert.deepEqual(await store.indexes.expired('c', bench.clock.wall(), 2), ['a', 'b']);
      await c.put('b', 2);
      const expire = (key: string): Promise<unknown> =>
        store.commit({ operations: [{ op: 'expire', collection: 'c', key }] });
      await expire('a');
      await refused('not_found', expire('b'));
      await refused('not_found', expire('a'));
      await expire('d');
      assert.deepEqual(await keysOf(store, 'c'), ['b']);
      assert.equal((await entriesOf(level, 'y')).length, 1);
    });
  });
}

async function seen(store: Store): Promise<readonly string[]> {
  await store.indexed();
  const keys = await keysOf(store, 'sessions');
  const { documents } = await store.indexes.page('sessions', 'by-user', {});
  assert.deepEqual(
    documents.map(({ key }) => key),
    keys,
  );
  return keys;
}
