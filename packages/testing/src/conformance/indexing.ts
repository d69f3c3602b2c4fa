import assert from 'node:assert/strict';
import type { IndexQuery, Store } from '@skein/core';
import type { Definition, JsonValue } from '@skein/protocol';
import type { Placed } from './bench.ts';
import { fixesOf } from './fixes.ts';
import { entriesOf, follow, refused } from './looking.ts';
import type { Suite } from './suite.ts';

const BY_TOTAL: Definition = { indexes: [{ name: 'by-total', fields: ['customer.name', 'total'] }] };
const UNIQUE: Definition = { indexes: [{ name: 'by-email', fields: ['email'], unique: true }] };

/** In the order of the index: null, booleans, numbers, strings. */
const ORDERED: readonly JsonValue[] = [
  null,
  false,
  true,
  -1e300,
  -2,
  0,
  1,
  1.5,
  10,
  '',
  '\0',
  '\0a',
  'a',
  'aa',
  'é',
  '😀',
];

export function indexing({ describe, test }: Suite): void {
  describe('an index', () => {
    test('finds documents in the order of their fields, forwards, backwards, by prefix and between', async (bench) => {
      const store = await bench.leader();
      const orders = store.collection('orders');
      await store.definitions.put('orders', BY_TOTAL);
      for (const [i, total] of [...ORDERED].reverse().entries())
        await orders.put(`k${i}`, { customer: { name: i % 2 === 0 ? 'ann' : 'bob' }, total });
      await orders.put('without', { total: 1 });
      await orders.put('no-scalar', { customer: { name: ['ann'] }, total: 1 });
      await store.indexed();
      const ann = ORDERED.filter((_total, i) => (ORDERED.length - 1 - i) % 2 === 0);
      const bob = ORDERED.filter((_total, i) => (ORDERED.length - 1 - i) % 2 === 1);
      assert.deepEqual(await totals(store, {}), [...ann, ...bob]);
      assert.deepEqual(await totals(store, { reverse: true }), [...bob].reverse().concat([...ann].reverse()));
      assert.deepEqual(await totals(store, { prefix: ['bob'] }), bob);
      assert.deepEqual(await totals(store, { from: ['ann', 0], to: ['bob', true] }), [
        ...ann.slice(ann.indexOf(ORDERED.slice(5).find((total) => ann.includes(total))!)),
        ...bob.slice(
          0,
          bob.findIndex((total) => total === true || typeof total === 'number'),
        ),
      ]);
      for (const limit of [1, 3, 100]) assert.deepEqual(await inPages(store, limit, false), [...ann, ...bob]);
      assert.deepEqual(await inPages(store, 2, true), [...ann, ...bob].reverse());
    });

    test('is built of what was there, a part at a time, while others write', async (bench) => {
      const leader = await bench.placeLeader();
      const { store } = leader;
      const orders = store.collection('orders');
      await store.load(
        Array.from({ length: 2500 }, (_unused, i) => ({
          op: 'put',
          collection: 'orders',
          key: `k${i}`,
          valueText: JSON.stringify({ customer: { name: 'ann' }, total: i }),
        })),
      );
      let meanwhile: Promise<unknown> = Promise.resolve();
      const stop = store.subscribe(() => {
        stop();
        assert.equal(store.indexes.describe('orders')[0]!.state, 'building');
        meanwhile = Promise.all([
          ...[0, 1000, 2499].map((i) => orders.delete(`k${i}`)),
          ...[1, 1001, 2498].map((i) => orders.put(`k${i}`, { customer: { name: 'bob' }, total: i })),
          orders.put('new', { customer: { name: 'bob' }, total: -1 }),
        ]);
      });
      await store.definitions.put('orders', BY_TOTAL);
      await meanwhile;
      await expectTrue(leader);
      assert.deepEqual(await totals(store, { prefix: ['bob'] }), [-1, 1, 1001, 2498]);
    });

    test('follows every write: put, patch, operators, delete, transactions and loads', async (bench) => {
      const leader = await bench.placeLeader();
      const { store } = leader;
      await store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['a'] }] });
      const c = store.collection('c');
      await c.put('k1', { a: 1 });
      await c.put('k2', { a: 2 });
      await c.patch('k1', { a: 3 });
      await c.patch('k2', { b: 1 });
      await c.put('k3', 'no object');
      await c.append('k3', ', still none');
      await c.delete('k2');
      await store.commit({
        operations: [
          { op: 'put', collection: 'c', key: 'k4', valueText: '{"a":4}' },
          { op: 'put', collection: 'c', key: 'k4', valueText: '{"a":5}' },
          { op: 'put', collection: 'c', key: 'k5', valueText: '{"a":6}' },
          { op: 'delete', collection: 'c', key: 'k5' },
        ],
      });
      await expectTrue(leader);
      assert.deepEqual(await keysBy(store, 'by-a'), ['k1', 'k4']);
    });

    test('is the same on a follower, after a restart, and made anew behind what is written past the log', async (bench) => {
      const leader = await bench.placeLeader();
      const follower = await bench.placeFollower();
      await leader.store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['a'] }] });
      for (let i = 0; i < 20; i++) await leader.store.collection('c').put(`k${i}`, { a: 20 - i });
      await follow(leader.store, follower.store, { changesMax: 7, bytesMax: 1024 * 1024 });
      await expectTrue(follower);
      assert.deepEqual(await keysBy(follower.store, 'by-a'), await keysBy(leader.store, 'by-a'));
      const again = await bench.reopen(follower);
      await expectTrue(again);
      const other = await bench.placeLeader();
      await other.store.collection('c').put('k3', { a: 100 });
      const { fixes } = await fixesOf(other.store, [
        { collection: 'c', key: 'k3' },
        { collection: 'c', key: 'k4' },
      ]);
      await again.store.repair(again.store.facts.head, fixes);
      assert.equal(again.store.indexes.describe('c')[0]!.state, 'building');
      await again.store.indexed();
      assert.deepEqual((await again.store.scrub()).untrueIndexes, []);
      assert.deepEqual((await keysBy(again.store, 'by-a')).slice(-2), ['k0', 'k3']);
    });

    test('goes, and its entries, when no definition names it', async (bench) => {
      const { store, level } = await bench.placeLeader();
      await store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['a'] }] });
      for (let i = 0; i < 5; i++) await store.collection('c').put(`k${i}`, { a: i });
      await store.indexed();
      assert.equal((await entriesOf(level, 'y')).length, 5);
      await store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['b'] }] });
      await store.indexed();
      assert.deepEqual([(await entriesOf(level, 'y')).length, await keysBy(store, 'by-a')], [0, []]);
      await store.definitions.put('c', null);
      await store.indexed();
      assert.deepEqual([await entriesOf(level, 'x'), await entriesOf(level, 'y')], [[], []]);
      await refused('unknown_index', store.indexes.page('c', 'by-a', {}));
    });

    test('is made anew when an entry does not fit its document, and when a scrub finds one missing', async (bench) => {
      const leader = await bench.placeLeader();
      const { store, level } = leader;
      await store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['a'] }] });
      for (let i = 0; i < 5; i++) await store.collection('c').put(`k${i}`, { a: i });
      await store.indexed();
      const [first, second] = await level.keys({ gte: Buffer.from('y'), lt: Buffer.from('z') }).all();
      const forged = Buffer.concat([first!.subarray(0, -1), Buffer.from('4')]);
      await level.put(forged, Buffer.alloc(4));
      await refused('index_building', store.indexes.page('c', 'by-a', {}));
      await expectTrue(leader);
      const [, kept] = await level.keys({ gte: Buffer.from('y'), lt: Buffer.from('z') }).all();
      assert.notDeepEqual(kept, second);
      await level.del(kept!);
      assert.equal((await store.scrub()).untrueIndexes.length, 1);
      await expectTrue(leader);
      assert.equal(store.state, 'ready');
      assert.equal((await keysBy(store, 'by-a')).length, 5);
    });

    test('is gone on with where a crash left it, whichever write fails', async (bench) => {
      for (let skip = 0; skip < 6; skip++) {
        const leader = await bench.placeLeader();
        const { store, faults } = leader;
        for (let i = 0; i < 1500; i += 500)
          await store.load(
            Array.from({ length: 500 }, (_unused, j) => ({
              op: 'put',
              collection: 'c',
              key: `k${i + j}`,
              valueText: JSON.stringify({ a: -(i + j) }),
            })),
          );
        await store.definitions.put('c', { indexes: [{ name: 'by-a', fields: ['a'] }] });
        faults.failWrite({ skip, isStored: skip % 2 === 0 });
        await store.indexed();
        const again = await bench.reopen(leader);
        await expectTrue(again);
        assert.equal((await keysBy(again.store, 'by-a'))[0], 'k1499');
      }
    });
  });

  describe('a unique index', () => {
    test('refuses what would make two documents alike, in one group and across groups', async (bench) => {
      const store = await bench.leader();
      await store.definitions.put('users', UNIQUE);
      await store.indexed();
      const users = store.collection('users');
      const results = await Promise.allSettled(['a', 'b', 'c'].map((key) => users.put(key, { email: 'x@y' })));
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected'],
      );
      const { details } = await refused('not_unique', users.put('d', { email: 'x@y' }));
      assert.deepEqual([details['index'], details['key']], ['by-email', 'a']);
      await users.put('a', { email: 'x@y', name: 'the same document' });
      await users.put('e', { email: 'e@y' });
      await refused('not_unique', users.patch('e', { email: 'x@y' }));
      await users.put('no-email', {});
      await users.put('no-email-either', {});
      await users.delete('a');
      await users.patch('e', { email: 'x@y' });
    });

    test('judges a transaction by what it leaves', async (bench) => {
      const store = await bench.leader();
      await store.definitions.put('users', UNIQUE);
      await store.indexed();
      const put = (key: string, email: string) =>
        ({ op: 'put', collection: 'users', key, valueText: JSON.stringify({ email }) }) as const;
      await store.commit({ operations: [put('a', '1'), put('b', '2')] });
      await store.commit({ operations: [put('a', '2'), put('b', '1')] });
      const { details } = await refused('not_unique', store.commit({ operations: [put('c', '3'), put('d', '1')] }));
      assert.equal(details['operation'], 1);
      await refused('not_unique', store.commit({ operations: [put('c', '3'), put('d', '3')] }));
      await store.commit({
        operations: [put('c', '3'), { op: 'delete', collection: 'users', key: 'a' }, put('d', '2')],
      });
    });

    test('is not held by what was refused, whatever comes behind it in its group', async (bench) => {
      const store = await bench.leader();
      const users = store.collection('users');
      await store.definitions.put('users', UNIQUE);
      await users.put('a', { email: 'same' });
      const group = [
        refused('not_unique', users.put('b', { email: 'same' })),
        store.collection('others').put('x', 1),
        users.delete('a'),
        users.put('c', { email: 'same' }),
      ];
      await Promise.all(group);
    });

    test('holds from the moment on when all that was there is in it', async (bench) => {
      const store = await bench.leader();
      const users = store.collection('users');
      for (const key of ['a', 'b']) await users.put(key, { email: 'same' });
      let meanwhile: Promise<unknown> = Promise.resolve();
      const stop = store.subscribe(() => {
        stop();
        meanwhile = refused('index_building', users.put('c', { email: 'same' }));
      });
      await store.definitions.put('users', UNIQUE);
      await meanwhile;
      await refused('not_unique', users.put('c', { email: 'same' }));
      await users.put('a', { email: 'same', note: 'changed in what no index has' });
      await users.put('a', { email: 'another' });
      await users.put('b', { email: 'b' });
      await users.put('c', { email: 'same' });
    });
  });
}

async function totals(store: Store, query: IndexQuery): Promise<readonly JsonValue[]> {
  const { documents } = await store.indexes.page('orders', 'by-total', query);
  return documents.map(({ value }) => (value as { total: JsonValue }).total);
}

async function inPages(store: Store, limit: number, reverse: boolean): Promise<readonly JsonValue[]> {
  const found: JsonValue[] = [];
  for (let after: string | undefined; ;) {
    const { documents, next } = await store.indexes.page('orders', 'by-total', { limit, reverse, after });
    found.push(...documents.map(({ value }) => (value as { total: JsonValue }).total));
    if (next === undefined) return found;
    after = next;
  }
}

async function keysBy(store: Store, index: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.indexes.iterate('c', index, {})) keys.push(key);
  return keys;
}

/** The indexes of a store are built, and have just what its documents say. */
async function expectTrue({ store }: Pick<Placed, 'store'>): Promise<void> {
  await store.indexed();
  const { problems, untrueIndexes } = await store.scrub();
  assert.deepEqual([problems, untrueIndexes], [[], []]);
  assert.deepEqual(
    [...store.indexes.book.all()].map(({ isReady }) => isReady),
    [true],
  );
}
