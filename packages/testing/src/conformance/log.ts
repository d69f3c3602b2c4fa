import assert from 'node:assert/strict';
import { sha256, type LogReadLimits, type Published, type Store } from '@skein/core';
import { chainHash, recordLines, recordPosition, START, ZERO_HASH, type RecordView } from '@skein/protocol';
import { ALL, changesIn, changesOf, recordsOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function log({ describe, test }: Suite): void {
  describe('the log', () => {
    test('holds every change, in order, without gaps', async (bench) => {
      const store = await logOf(await bench.leader({ node: 'n-1' }), [3, 1, 4]);
      const changes = await changesOf(store);
      assert.deepEqual(
        changes.map(({ offset }) => offset),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      assert.deepEqual(new Set(changes.map(({ origin, op }) => `${origin} ${op}`)), new Set(['n-1 put']));
    });

    test('chains its records, each true to its hash', async (bench) => {
      const records = await recordsOf(await logOf(await bench.leader(), [3, 1, 4]));
      assert.deepEqual(
        records.map(({ offsetFirst, offsetLast }) => [offsetFirst, offsetLast]),
        [
          [1, 3],
          [4, 4],
          [5, 8],
        ],
      );
      let before = ZERO_HASH;
      for (const record of records) {
        assert.equal(record.hashBefore, before);
        assert.equal(record.hash, chainHash(sha256, before, record.epoch, recordLines(record)));
        before = record.hash;
      }
    });

    test('is what the head says: offset, epoch and hash of its newest record', async (bench) => {
      const store = await logOf(await bench.leader(), [3, 1]);
      assert.deepEqual(store.facts.head, recordPosition((await recordsOf(store)).at(-1)!));
      assert.equal(store.facts.headTs, bench.clock.wall());
    });

    for (const from of ['memory', 'disk'] as const) {
      test(`is read up to either limit, by whole records, from ${from}`, async (bench) => {
        const placed = await bench.placeLeader();
        await logOf(placed.store, [3, 1, 4, 2]);
        const store = from === 'disk' ? (await bench.reopen(placed)).store : placed.store;
        const sizes = (await recordsOf(store)).map(({ bytes }) => bytes.length);
        const cases: readonly (readonly [number, LogReadLimits, string])[] = [
          [0, ALL, '1-3 4-4 5-8 9-10'],
          [0, { ...ALL, changesMax: 1 }, '1-3'],
          [0, { ...ALL, changesMax: 3 }, '1-3'],
          [0, { ...ALL, changesMax: 4 }, '1-3 4-4'],
          [0, { ...ALL, changesMax: 5 }, '1-3 4-4 5-8'],
          [0, { ...ALL, bytesMax: 1 }, '1-3'],
          [0, { ...ALL, bytesMax: sizes[0]! }, '1-3'],
          [0, { ...ALL, bytesMax: sizes[0]! + 1 }, '1-3 4-4'],
          [3, ALL, '4-4 5-8 9-10'],
          [3, { ...ALL, changesMax: 2 }, '4-4 5-8'],
          [4, { changesMax: 1, bytesMax: 1 }, '5-8'],
          [5, { ...ALL, changesMax: 3 }, '5-8'],
          [5, { ...ALL, changesMax: 4 }, '5-8 9-10'],
          [7, { ...ALL, changesMax: 1 }, '5-8'],
          [8, ALL, '9-10'],
          [9, ALL, '9-10'],
          [10, ALL, ''],
          [11, ALL, ''],
        ];
        for (const [after, limits, expected] of cases) {
          assert.equal(
            spans((await store.readLog(after, limits)).records),
            expected,
            JSON.stringify({ after, ...limits }),
          );
        }
      });

      test(`says what it holds at the offset a reading begins behind, from ${from}`, async (bench) => {
        const placed = await bench.placeLeader();
        await logOf(placed.store, [3, 1, 4]);
        const store = from === 'disk' ? (await bench.reopen(placed)).store : placed.store;
        const records = await recordsOf(store);
        assert.deepEqual((await store.readLog(0, ALL)).held, START);
        for (const record of records) {
          for (let offset = record.offsetFirst; offset <= record.offsetLast; offset++) {
            const expected = { offset, epoch: record.epoch, hash: record.hash };
            assert.deepEqual(await store.positionAt(offset), expected);
            if (offset < 8) assert.deepEqual((await store.readLog(offset, ALL)).held, expected);
          }
        }
        assert.deepEqual(
          [await store.positionAt(0), await store.positionAt(8), await store.positionAt(9)],
          [START, store.facts.head, undefined],
        );
        assert.equal((await store.readLog(8, ALL)).held, undefined);
      });
    }

    test('is read in pages that meet every change once', async (bench) => {
      const store = await logOf(await bench.leader(), [3, 1, 4, 1, 5, 9, 2, 6]);
      for (const changesMax of [1, 2, 7, 100]) {
        const met: number[] = [];
        while (met.length < store.facts.head.offset) {
          const { records } = await store.readLog(met.length, { ...ALL, changesMax });
          met.push(...changesIn(records).map(({ offset }) => offset));
        }
        assert.deepEqual(
          met,
          Array.from({ length: 31 }, (_, i) => i + 1),
        );
      }
    });

    test('is told to subscribers once, in order, when it is durable', async (bench) => {
      const store = await bench.leader();
      const published: Published[] = [];
      const positions: unknown[] = [];
      const stop = store.subscribe((news) => {
        published.push(news);
        positions.push(store.facts.head);
      });
      await logOf(store, [2, 1, 3]);
      assert.equal(spans(published.flatMap(({ records }) => records)), '1-2 3-3 4-6');
      assert.deepEqual(
        published.map(({ head }) => head),
        positions,
      );
      assert.deepEqual(
        published.flatMap(({ records }) => records),
        await recordsOf(store),
      );
      stop();
      await store.collection('c').put('k', 1);
      assert.equal(published.length, 3);
    });

    test('shows nothing that is not durable yet', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      await logOf(store, [2]);
      let told = 0;
      store.subscribe(() => told++);
      const release = faults.holdWrites();
      const put = store.collection('c').put('late', 1);
      await store.readLog(0, ALL);
      assert.deepEqual([store.facts.head.offset, spans((await store.readLog(0, ALL)).records), told], [2, '1-2', 0]);
      release();
      assert.deepEqual((await put).position, store.facts.head);
      assert.equal(told, 1);
    });

    test('keeps lines as they were made, also behind more than memory holds', async (bench) => {
      const store = await bench.leader();
      for (let i = 0; i < 6; i++) await store.collection('c').put(`k${i}`, 'x'.repeat(900_000));
      assert.deepEqual(
        (await changesOf(store)).map(({ key }) => key),
        ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'],
      );
      for (let i = 0; i < 600; i++) await store.collection('c').increment('n');
      assert.equal((await changesOf(store)).length, 606);
    });
  });
}

/** Writes records of these sizes. */
async function logOf(store: Store, sizes: readonly number[]): Promise<Store> {
  for (const size of sizes) {
    await store.load(
      Array.from({ length: size }, (_, i) => ({ op: 'put', collection: 'c', key: `k${i}`, valueText: '1' })),
    );
  }
  return store;
}

function spans(records: readonly RecordView[]): string {
  return records.map(({ offsetFirst, offsetLast }) => `${offsetFirst}-${offsetLast}`).join(' ');
}
