import assert from 'node:assert/strict';
import type { Operation } from '@skein/core';
import { changesOf, listOf, recordsOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const MIB = 1024 * 1024;

export function concurrency({ describe, test }: Suite): void {
  describe('many writers at once', () => {
    test('500 increments add up', async (bench) => {
      const store = await bench.leader();
      const answers = await Promise.all(Array.from({ length: 500 }, () => store.collection('c').increment('k')));
      assert.equal(await valueOf(store, 'c', 'k'), 500);
      assert.deepEqual(
        answers.map(({ valueText }) => Number(valueText)),
        sequence(500),
      );
      assert.deepEqual(
        answers.map(({ position }) => position.offset),
        sequence(500),
      );
    });

    test('increments that arrive while others are being written add up', async (bench) => {
      const store = await bench.leader();
      const writers = Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 10; i++) await store.collection('c').increment('k');
      });
      await Promise.all(writers);
      assert.equal(await valueOf(store, 'c', 'k'), 200);
      assert.deepEqual(
        (await changesOf(store)).map(({ value }) => value),
        sequence(200),
      );
    });

    test('appends, prepends and patches of one document all happen', async (bench) => {
      const store = await bench.leader();
      const collection = store.collection('c');
      await Promise.all(
        sequence(100).flatMap((i) => [collection.append('text', `<${i}>`), collection.patch('map', { [i]: i })]),
      );
      const text = sequence(100).map((i) => `<${i}>`);
      assert.equal(await valueOf(store, 'c', 'text'), text.join(''));
      assert.deepEqual(Object.keys((await valueOf(store, 'c', 'map')) as object).length, 100);
    });

    test('transfers between accounts neither make nor lose money, and never overdraw', async (bench) => {
      const store = await bench.leader();
      await store.load(sequence(5).map((i) => ({ op: 'put', collection: 'accounts', key: `a${i}`, valueText: '10' })));
      const transfer = (from: number, to: number, version: string): readonly Operation[] => [
        { op: 'increment', collection: 'accounts', key: `a${from}`, by: -10, condition: { ifMatch: [version] } },
        { op: 'increment', collection: 'accounts', key: `a${to}`, by: 10 },
      ];
      const versions = await store.collection('accounts').getMany(sequence(5).map((i) => `a${i}`));
      const ended = await Promise.allSettled(
        Array.from({ length: 60 }, (_, i) => {
          const from = 1 + (i % 5);
          return store.commit({ operations: transfer(from, 1 + ((from + i) % 5), versions[from - 1]!.version) });
        }),
      );
      assert.ok(ended.some(({ status }) => status === 'rejected'));
      const balances = (await store.documents.scan('accounts')).documents.map(({ value }) => value as number);
      assert.equal(
        balances.reduce((sum, balance) => sum + balance, 0),
        50,
      );
      assert.ok(balances.every((balance) => balance >= 0));
    });

    test('one refused among many leaves the others as they are', async (bench) => {
      const store = await bench.leader();
      await store.collection('c').put('text', 'x');
      const { increment } = { increment: (key: string) => store.collection('c').increment(key) };
      const ended = await Promise.allSettled(['k', 'text', 'k', 'text', 'k'].map(increment));
      assert.deepEqual(
        ended.map(({ status }) => status === 'fulfilled'),
        [true, false, true, false, true],
      );
      assert.deepEqual([await valueOf(store, 'c', 'k'), store.facts.head.offset], [3, 4]);
    });

    test('writes are answered in the order they came, and published in that order', async (bench) => {
      const store = await bench.leader();
      const answered: number[] = [];
      const heads: number[] = [];
      store.subscribe(({ head }) => heads.push(head.offset));
      const put = (i: number): Promise<unknown> =>
        store
          .collection('c')
          .put(`k${i}`, i)
          .then(() => answered.push(i));
      const firsts = sequence(50).map(put);
      await firsts[0];
      await Promise.all([...firsts, ...sequence(50).map((i) => put(50 + i))]);
      assert.deepEqual(answered, sequence(100));
      assert.deepEqual(
        heads,
        heads.toSorted((a, b) => a - b),
      );
      assert.equal(heads.at(-1), 100);
    });

    test('one batch is in flight at a time, and what waits is written together', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const before = faults.writes;
      await Promise.all(sequence(300).map((i) => store.collection('c').put(`k${i}`, i)));
      assert.equal(faults.writesInFlightMax, 1);
      assert.ok(faults.writes - before <= 2, `${faults.writes - before} batches`);
    });

    test('small requests that write much are spread over several records, in the order they came', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const keys = sequence(12).map((i) => `k${i}`);
      const append = (text: string) => keys.map((key) => store.collection('c').append(key, text));
      for (const key of keys) await store.collection('c').put(key, 'x'.repeat(MIB / 2));
      const { head } = store.facts;
      const release = faults.holdWrites();
      const firsts = append('y');
      await until(() => faults.writesInFlight > 0);
      const seconds = append('z');
      release();
      await Promise.all([...firsts, ...seconds]);
      const records = (await recordsOf(store)).filter(({ offsetLast }) => offsetLast > head.offset);
      assert.ok(records.length > 2);
      for (const { bytes } of records) assert.ok(bytes.length < 2 * MIB, `a record of ${bytes.length} bytes`);
      assert.equal((await listOf(store, 'c')).filter((line) => line.endsWith('xyz"')).length, 12);
      assert.equal(store.facts.head.offset, 36);
    });

    test('more than 10,000 waiting writes are refused, the others done', async (bench) => {
      const store = await bench.leader();
      const ended = await Promise.allSettled(sequence(10_100).map(() => store.collection('c').increment('k')));
      const refusals = ended.filter((end) => end.status === 'rejected');
      assert.equal(refusals.length, 100);
      const error = await refused('overloaded', Promise.reject(refusals[0]!.reason as Error));
      assert.ok((error.details['retryAfterSeconds'] as number) > 0);
      assert.equal(await valueOf(store, 'c', 'k'), 10_000);
      await store.collection('c').increment('k');
    });

    test('more than 64 MiB of waiting writes are refused, whatever they are', async (bench) => {
      const collection = (await bench.leader({ valueBytesMax: 10 })).collection('c');
      const text = 'x'.repeat(MIB);
      const taken = sequence(63).map(() => refused('too_large', collection.put('k', text)));
      const requests = [
        collection.put('k', text),
        collection.append('k', text),
        collection.prepend('k', text),
        collection.patch('k', { [text]: 1 }),
        collection.patch('k', [[text]]),
      ];
      await Promise.all(requests.map((request) => refused('overloaded', request)));
      await Promise.all(taken);
      await collection.put('k', 1);
    });
  });
}

function sequence(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
