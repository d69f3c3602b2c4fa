import assert from 'node:assert/strict';
import { LIMITS, type JsonValue } from '@skein/protocol';
import { refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function writing({ describe, test }: Suite): void {
  describe('writing', () => {
    test('a put creates, then replaces, and says which', async (bench) => {
      const store = await bench.leader();
      const first = await store.collection('c').put('k', 1);
      const second = await store.collection('c').put('k', { a: 2 });
      assert.deepEqual([first.created, second.created], [true, false]);
      assert.deepEqual([first.valueText, second.valueText], ['1', '{"a":2}']);
      assert.deepEqual([first.position.offset, second.position.offset], [1, 2]);
      assert.deepEqual(store.facts.head, second.position);
      assert.notEqual(first.version, second.version);
    });

    test('a put of the same value is a change of its own', async (bench) => {
      const store = await bench.leader();
      const [first, second] = [await store.collection('c').put('k', 1), await store.collection('c').put('k', 1)];
      assert.equal(second.position.offset, 2);
      assert.notEqual(first.version, second.version);
    });

    test('a delete removes, once; the document can come back', async (bench) => {
      const store = await bench.leader();
      const collection = store.collection('c');
      await collection.put('k', 1);
      const deleted = await collection.delete('k');
      assert.deepEqual([deleted.created, deleted.valueText, deleted.position.offset], [false, undefined, 2]);
      assert.equal(await collection.get('k'), undefined);
      await refused('not_found', collection.delete('k'));
      assert.equal((await collection.put('k', 2)).created, true);
      assert.equal(store.facts.head.offset, 3);
    });

    test('a patch merges as RFC 7396 says, and makes what is not there', async (bench) => {
      const store = await bench.leader();
      const collection = store.collection('c');
      assert.equal((await collection.patch('k', { a: { b: 1, c: null }, d: null })).valueText, '{"a":{"b":1}}');
      assert.equal((await collection.patch('k', { a: { b: null, e: [1] } })).valueText, '{"a":{"e":[1]}}');
      assert.equal((await collection.patch('k', [1])).valueText, '[1]');
      assert.equal((await collection.patch('k', null)).valueText, 'null');
      assert.equal(await valueOf(store, 'c', 'k'), null);
    });

    test('increment adds to numbers, and counts what is not there as 0', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      assert.deepEqual(
        [(await collection.increment('k')).valueText, (await collection.increment('k', 2.5)).valueText],
        ['1', '3.5'],
      );
      assert.equal((await collection.decrement('k', 4)).valueText, '-0.5');
      const text = await collection.put('text', 'one').then(() => refused('wrong_type', collection.increment('text')));
      assert.deepEqual([text.details['collection'], text.details['key']], ['c', 'text']);
      await collection.put('max', Number.MAX_VALUE);
      await refused('bad_number', collection.increment('max', Number.MAX_VALUE));
      await refused('bad_number', collection.increment('k', Number.NaN));
    });

    test('append and prepend join strings, and take what is not there as empty', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      await collection.append('k', 'b"');
      await collection.prepend('k', 'a\n');
      assert.equal((await collection.append('k', '')).valueText, JSON.stringify('a\nb"'));
      for (const value of [1, null, ['a'], { a: 1 }]) {
        await collection.put('other', value);
        await refused('wrong_type', collection.append('other', 'x'));
        await refused('wrong_type', collection.prepend('other', 'x'));
      }
    });

    test('a refused write changes nothing and uses no offset', async (bench) => {
      const store = await bench.leader();
      await store.collection('c').put('k', 'text');
      const { facts } = store;
      await refused('wrong_type', store.collection('c').increment('k'));
      await refused('not_found', store.collection('c').delete('none'));
      await refused('bad_body', store.commit({ operations: [] }));
      assert.equal(store.facts, facts);
      assert.equal(await valueOf(store, 'c', 'k'), 'text');
    });

    test('a value over the limit is refused by every operation; one at the limit is not', async (bench) => {
      const collection = (await bench.leader({ valueBytesMax: 10 })).collection('c');
      assert.equal((await collection.put('k', '12345678')).created, true);
      await refused('too_large', collection.put('k', '123456789'));
      await refused('too_large', collection.put('k', 'ééééé'));
      await refused('too_large', collection.append('k', '9'));
      await refused('too_large', collection.prepend('k', '0'));
      await refused('too_large', collection.patch('p', { a: 12_345 }));
      await collection.put('n', 9_999_999_999);
      await refused('too_large', collection.increment('n'));
    });

    test('what JSON cannot hold is refused, never changed on the way', async (bench) => {
      const store = await bench.leader();
      const collection = store.collection('c');
      await refused(
        'bad_number',
        Promise.resolve().then(() => collection.put('k', Number.NaN)),
      );
      await refused(
        'bad_number',
        Promise.resolve().then(() => collection.patch('k', { a: [Infinity] })),
      );
      await refused(
        'bad_json',
        Promise.resolve().then(() => collection.put('k', undefined as unknown as JsonValue)),
      );
      await refused(
        'too_deep',
        Promise.resolve().then(() => collection.put('k', nested(LIMITS.jsonDepthMax + 1))),
      );
      await collection.put('k', nested(LIMITS.jsonDepthMax));
      assert.equal(store.facts.head.offset, 1);
    });

    test('a patch that would nest too deep is refused', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      await collection.put('k', { a: 1 });
      await collection.patch('k', { a: nested(LIMITS.jsonDepthMax - 1) });
      await refused(
        'too_deep',
        Promise.resolve().then(() => collection.patch('k', { a: nested(LIMITS.jsonDepthMax) })),
      );
    });

    test("a change's time never goes back, whatever the wall clock does", async (bench) => {
      const placed = await bench.placeLeader();
      const start = bench.clock.wall();
      await placed.store.collection('c').put('k', 1);
      bench.clock.setWall(start - 60_000);
      await placed.store.collection('c').put('k', 2);
      assert.equal(placed.store.facts.headTs, start);
      const { store } = await bench.reopen(placed);
      await store.collection('c').put('k', 3);
      assert.equal(store.facts.headTs, start);
      bench.clock.setWall(start + 1);
      await store.collection('c').put('k', 4);
      assert.equal(store.facts.headTs, start + 1);
    });
  });
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
