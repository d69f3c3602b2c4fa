import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Idempotency, Operation } from '@skein/core';
import { changesOf, entriesOf, follow, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const HOUR_MS = 3600 * 1000;
const INCREMENT: Operation = { op: 'increment', collection: 'c', key: 'k', by: 1 };

export function idempotency({ describe, test }: Suite): void {
  describe('idempotency keys', () => {
    test('a repeat gets the first answer and changes nothing', async (bench) => {
      const store = await bench.leader();
      const operations: readonly Operation[] = [
        { op: 'put', collection: 'c', key: 'a"\n', valueText: '{"__proto__":1}' },
        { op: 'put', collection: 'c', key: 'b', valueText: '1' },
        { op: 'delete', collection: 'c', key: 'b' },
        { op: 'put', collection: 'd', key: 'b', valueText: '2' },
      ];
      const first = await store.commit({ operations, idempotency: keyed('one') });
      await store.collection('c').put('b', 'later');
      const repeat = await store.commit({ operations, idempotency: keyed('one') });
      assert.deepEqual(repeat, { ...first, replayed: true });
      assert.deepEqual([first.replayed, store.facts.head.offset], [false, 5]);
      assert.equal(await valueOf(store, 'c', 'b'), 'later');
    });

    test('a repeat of puts and deletes is answered when the log has no record of them any more', async (bench) => {
      const store = await bench.leader();
      const operations: readonly Operation[] = [
        { op: 'put', collection: 'c', key: 'a', valueText: '1' },
        { op: 'put', collection: 'c', key: 'a', valueText: '2' },
        { op: 'delete', collection: 'c', key: 'a' },
      ];
      const first = await store.commit({ operations, idempotency: keyed('one') });
      const counted = await store.commit({ operations: [INCREMENT], idempotency: keyed('two') });
      await store.collection('c').put('b', 'later');
      await store.trim(store.facts.head.offset);
      assert.deepEqual(await store.commit({ operations, idempotency: keyed('one') }), { ...first, replayed: true });
      // What it counted to depended on what was there.
      await refused('compacted', store.commit({ operations: [INCREMENT], idempotency: keyed('two') }));
      assert.deepEqual([await valueOf(store, 'c', 'k'), store.facts.head.offset], [1, counted.position.offset + 1]);
    });

    test('repeats in one group are done once', async (bench) => {
      const store = await bench.leader();
      const requests = Array.from({ length: 10 }, () =>
        store.commit({ operations: [INCREMENT], idempotency: keyed('one') }),
      );
      const [first, ...repeats] = await Promise.all(requests);
      for (const repeat of repeats) assert.deepEqual(repeat, { ...first!, replayed: true });
      assert.deepEqual([await valueOf(store, 'c', 'k'), store.facts.head.offset], [1, 1]);
    });

    test('the same key with another request is refused, also within one group', async (bench) => {
      const store = await bench.leader();
      const one = store.commit({ operations: [INCREMENT], idempotency: keyed('one', 'a') });
      await refused('idempotency_mismatch', store.commit({ operations: [INCREMENT], idempotency: keyed('one', 'b') }));
      await one;
      await refused('idempotency_mismatch', store.commit({ operations: [INCREMENT], idempotency: keyed('one', 'b') }));
      assert.equal(await valueOf(store, 'c', 'k'), 1);
    });

    test('a refused request does not use its key up, also within one group', async (bench) => {
      const store = await bench.leader();
      const operations: readonly Operation[] = [{ op: 'delete', collection: 'c', key: 'k' }];
      const refusal = refused('not_found', store.commit({ operations, idempotency: keyed('one') }));
      const put = store.collection('c').put('k', 1);
      const done = store.commit({ operations, idempotency: keyed('one') });
      await Promise.all([refusal, put, done]);
      assert.equal((await done).replayed, false);
      assert.equal(await valueOf(store, 'c', 'k'), undefined);
    });

    test('a key is remembered after a reopening', async (bench) => {
      const placed = await bench.placeLeader();
      const first = await placed.store.commit({ operations: [INCREMENT, INCREMENT], idempotency: keyed('one') });
      const { store } = await bench.reopen(placed);
      const repeat = await store.commit({ operations: [INCREMENT, INCREMENT], idempotency: keyed('one') });
      assert.deepEqual(repeat, { ...first, replayed: true });
      assert.equal(store.facts.head.offset, 2);
    });

    test('a key is forgotten after 24 hours of the log, not before', async (bench) => {
      const store = await bench.leader();
      const commit = () => store.commit({ operations: [INCREMENT], idempotency: keyed('one') });
      await commit();
      bench.clock.advance(24 * HOUR_MS);
      assert.equal((await commit()).replayed, true);
      bench.clock.advance(1);
      assert.equal((await commit()).replayed, false);
      assert.equal((await commit()).replayed, true);
      assert.equal(await valueOf(store, 'c', 'k'), 2);
    });

    test('a key used again after its time is remembered from then on', async (bench) => {
      const placed = await bench.placeLeader();
      const commit = (key: string) => placed.store.commit({ operations: [INCREMENT], idempotency: keyed(key) });
      for (const key of ['a', 'b', 'c', 'one']) await commit(key);
      bench.clock.advance(25 * HOUR_MS);
      assert.equal((await commit('one')).replayed, false);
      for (const key of ['d', 'e', 'f', 'g']) await commit(key);
      assert.equal((await commit('one')).replayed, true);
      assert.equal((await entriesOf(placed.level, 'i')).length, 5);
      assert.equal((await entriesOf(placed.level, 'j')).length, 5);
    });

    test('forgotten keys leave the database, however many come at once', async (bench) => {
      const { store, level } = await bench.placeLeader();
      const commitMany = (name: string) =>
        Promise.all(
          Array.from({ length: 300 }, (_, i) =>
            store.commit({ operations: [INCREMENT], idempotency: keyed(`${name}-${i}`) }),
          ),
        );
      await commitMany('old');
      bench.clock.advance(25 * HOUR_MS);
      await commitMany('new');
      assert.equal((await entriesOf(level, 'i')).length, 300);
      assert.equal((await entriesOf(level, 'j')).length, 300);
    });

    test('a follower remembers and forgets what its leader does', async (bench) => {
      const [leader, follower] = [await bench.placeLeader(), await bench.placeFollower()];
      const commit = (key: string) =>
        leader.store.commit({ operations: [INCREMENT, { ...INCREMENT, key: `k-${key}` }], idempotency: keyed(key) });
      const agree = async () => {
        await follow(leader.store, follower.store);
        for (const kind of ['i', 'j'])
          assert.deepEqual(await entriesOf(follower.level, kind), await entriesOf(leader.level, kind));
      };
      await commit('one');
      await commit('two');
      await agree();
      bench.clock.advance(25 * HOUR_MS);
      await commit('one');
      await agree();
    });

    test('the line carries digests, of the key and of the request, on the first change', async (bench) => {
      const store = await bench.leader();
      const { keyDigest, requestDigest } = keyed('one');
      await store.commit({ operations: [INCREMENT, INCREMENT], idempotency: keyed('one') });
      assert.deepEqual(
        (await changesOf(store)).map(({ idem }) => idem),
        [`${keyDigest}.${requestDigest}`, undefined],
      );
    });
  });
}

function keyed(key: string, request = ''): Idempotency {
  return { keyDigest: digest(key), requestDigest: digest(request) };
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
