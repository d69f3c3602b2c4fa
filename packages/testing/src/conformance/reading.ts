import assert from 'node:assert/strict';
import type { Store } from '@skein/core';
import type { JsonValue } from '@skein/protocol';
import { follow, keysOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

/** In byte order, which is not the order of UTF-16 units: U+FFEE stands before U+1F600. */
const AWKWARD_KEYS = [
  '\u0001',
  '\t',
  '\n',
  '\r\n',
  ' ',
  '"',
  '"}',
  '%2F',
  '..a',
  '/',
  '\\',
  '\\"',
  '\\u0041',
  '__proto__',
  'a',
  'a\\nb',
  'a b',
  'a"b',
  'a/b',
  'constructor',
  'é',
  '\u2028',
  '\uffee',
  '\u{1f600}',
  '\u{10ffff}',
].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

const LONGEST_KEY = 'k'.repeat(1024);

export function reading({ describe, test }: Suite): void {
  describe('reading', () => {
    test('a document is its value, its key and the version of its last change', async (bench) => {
      const store = await bench.leader();
      const { version } = await store.collection('c').put('k', { a: [1, null, 'x'] });
      const document = await store.collection('c').get('k');
      assert.deepEqual(document?.value, { a: [1, null, 'x'] });
      assert.deepEqual([document.key, document.version, document.offset], ['k', version, 1]);
      assert.equal(version, `1.${store.facts.history[0]!.epoch}`);
      assert.equal(await store.collection('c').get('other'), undefined);
      assert.equal(await store.collection('d').get('k'), undefined);
    });

    test('values come back as they were put', async (bench) => {
      const store = await bench.leader();
      const values: readonly JsonValue[] = [
        null,
        true,
        false,
        0,
        -0.5,
        1e300,
        2 ** 53,
        '',
        'é\u2028\u{1f600}\u0000"\\',
        '\ud800',
        [],
        {},
        [[[]]],
        { '': 1 },
        JSON.parse('{"__proto__":{"a":1},"constructor":2}') as JsonValue,
        ',"value":',
        '}\n{',
      ];
      for (const [i, value] of values.entries()) await store.collection('c').put(`k-${i}`, value);
      for (const [i, value] of values.entries()) {
        const document = await store.collection('c').get(`k-${i}`);
        assert.equal(document?.valueBytes.toString(), JSON.stringify(value));
      }
    });

    test('getMany answers in the order of the keys, with gaps where there is nothing', async (bench) => {
      const store = await bench.leader();
      for (const key of ['a', 'b', 'c']) await store.collection('c').put(key, key);
      const found = await store.collection('c').getMany(['c', 'x', 'a', 'c']);
      assert.deepEqual(
        found.map((document) => document?.value),
        ['c', undefined, 'a', 'c'],
      );
      assert.deepEqual(await store.collection('c').getMany([]), []);
    });

    test('keys of every kind are stored, found, listed in byte order, and reach a follower', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      const keys = [...AWKWARD_KEYS, LONGEST_KEY];
      const collection = leader.collection('c');
      await Promise.all(keys.toReversed().map((key) => collection.put(key, key)));
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      await follow(leader, follower);
      for (const store of [leader, follower]) {
        assert.deepEqual(await keysOf(store, 'c'), sorted);
        for (const key of keys) assert.equal(await valueOf(store, 'c', key), key);
      }
      assert.ok(sorted.indexOf('\uffee') < sorted.indexOf('\u{1f600}'));
    });

    test('names and keys that cannot be are refused', async (bench) => {
      const store = await bench.leader();
      for (const key of ['', '.', '..', 'a\0b', '\ud800', `${LONGEST_KEY}k`, 'é'.repeat(513)]) {
        await refused(
          'bad_key',
          Promise.resolve().then(() => store.collection('c').get(key)),
        );
        await refused(
          'bad_key',
          Promise.resolve().then(() => store.collection('c').put(key, 1)),
        );
      }
      for (const name of ['', 'a b', 'a/b', 'é', '$', 'a\0', 'c'.repeat(65)]) {
        assert.throws(() => store.collection(name), { code: 'bad_collection' });
      }
      assert.equal(store.facts.head.offset, 0);
    });

    test('collections do not see each other, whatever their names', async (bench) => {
      const store = await bench.leader();
      for (const name of ['a', 'a-', 'a0', 'aa', 'b', '$a']) await store.collection(name).put('k', name);
      for (const name of ['a', 'a-', 'a0', 'aa', 'b', '$a']) {
        assert.deepEqual(await keysOf(store, name), ['k']);
        assert.equal(await valueOf(store, name, 'k'), name);
      }
    });

    test('a scan goes by prefix, from and to, both ways', async (bench) => {
      const store = await letters(await bench.leader());
      const cases = [
        [{}, 'a ab abc b ba c'],
        [{ prefix: 'a' }, 'a ab abc'],
        [{ prefix: 'ab' }, 'ab abc'],
        [{ prefix: 'x' }, ''],
        [{ from: 'ab' }, 'ab abc b ba c'],
        [{ to: 'b' }, 'a ab abc'],
        [{ from: 'ab', to: 'ba' }, 'ab abc b'],
        [{ from: 'b', to: 'b' }, ''],
        [{ from: 'c', to: 'a' }, ''],
        [{ prefix: 'b', from: 'a', to: 'ba' }, 'b'],
        [{ reverse: true }, 'c ba b abc ab a'],
        [{ reverse: true, prefix: 'a' }, 'abc ab a'],
        [{ reverse: true, from: 'ab', to: 'ba' }, 'b abc ab'],
      ] as const;
      for (const [options, expected] of cases) {
        assert.equal((await keysOf(store, 'c', options)).join(' '), expected, JSON.stringify(options));
      }
    });

    test('a scan goes on behind a key, also one that is not there or outside', async (bench) => {
      const store = await letters(await bench.leader());
      const cases = [
        [{ after: 'ab' }, 'abc b ba c'],
        [{ after: 'aa' }, 'ab abc b ba c'],
        [{ after: 'c' }, ''],
        [{ after: '~' }, ''],
        [{ after: 'a', prefix: 'b' }, 'b ba'],
        [{ after: 'c', prefix: 'b' }, ''],
        [{ reverse: true, after: 'b' }, 'abc ab a'],
        [{ reverse: true, after: 'a' }, ''],
        [{ reverse: true, after: '~', prefix: 'a' }, 'abc ab a'],
        [{ reverse: true, after: 'a', prefix: 'b' }, ''],
      ] as const;
      for (const [options, expected] of cases) {
        assert.equal((await keysOf(store, 'c', options)).join(' '), expected, JSON.stringify(options));
      }
    });

    test('pages of every size and direction meet every key once', async (bench) => {
      const store = await bench.leader();
      const keys = Array.from({ length: 23 }, (_, i) => `k${String(i).padStart(2, '0')}`);
      await store.load(keys.map((key) => ({ op: 'put', collection: 'c', key, valueText: '1' })));
      for (const reverse of [false, true]) {
        for (const limit of [1, 2, 22, 23, 24]) {
          const met: string[] = [];
          let after: string | undefined;
          do {
            const page = await store.documents.scan('c', { limit, reverse, after });
            assert.ok(page.documents.length <= limit);
            met.push(...page.documents.map(({ key }) => key));
            after = page.next;
          } while (after !== undefined);
          assert.deepEqual(met, reverse ? keys.toReversed() : keys, `limit ${limit}`);
        }
      }
    });

    test('a page of large documents ends before its limit', async (bench) => {
      const store = await bench.leader();
      for (let i = 0; i < 6; i++) await store.collection('c').put(`k${i}`, 'x'.repeat(1_000_000));
      const page = await store.documents.scan('c');
      assert.equal(page.documents.length, 5);
      assert.deepEqual(await keysOf(store, 'c', { after: page.next }), ['k5']);
    });

    test('an iteration sees the documents as they were when it began', async (bench) => {
      const store = await letters(await bench.leader());
      const met: string[] = [];
      for await (const { key, value } of store.documents.iterate('c')) {
        if (met.length === 0)
          await Promise.all(['a', 'c', 'd'].map((later) => store.collection('c').put(later, 'later')));
        met.push(`${key}=${value as string}`);
      }
      assert.deepEqual(
        met,
        ['a', 'ab', 'abc', 'b', 'ba', 'c'].map((key) => `${key}=${key}`),
      );
      assert.equal(await valueOf(store, 'c', 'd'), 'later');
    });
  });
}

async function letters(store: Store): Promise<Store> {
  for (const key of ['a', 'ab', 'abc', 'b', 'ba', 'c']) await store.collection('c').put(key, key);
  return store;
}
