import assert from 'node:assert/strict';
import type { Operation } from '@skein/core';
import { changesOf, keysOf, listOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const put = (collection: string, key: string, value: unknown): Operation => ({
  op: 'put',
  collection,
  key,
  valueText: JSON.stringify(value),
});

export function transactions({ describe, test }: Suite): void {
  describe('transactions', () => {
    test('operations on several collections happen together', async (bench) => {
      const store = await bench.leader();
      await store.collection('a').put('gone', 1);
      const { position, changes, replayed } = await store.commit({
        operations: [
          put('a', 'k', 1),
          { op: 'delete', collection: 'a', key: 'gone' },
          { op: 'increment', collection: 'b', key: 'k', by: 5 },
        ],
        trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      });
      assert.equal(position.offset, 4);
      assert.equal(replayed, false);
      assert.deepEqual(
        changes.map(({ created, valueText }) => [created, valueText]),
        [
          [true, '1'],
          [false, undefined],
          [true, '5'],
        ],
      );
      assert.deepEqual(await keysOf(store, 'a'), ['k']);
      assert.equal(await valueOf(store, 'b', 'k'), 5);
      const [, ...lines] = await changesOf(store);
      assert.deepEqual(
        lines.map(({ tx }) => tx),
        [4, 4, 4],
      );
      assert.deepEqual(new Set(lines.map(({ trace }) => trace)).size, 1);
    });

    test('a single change carries no transaction', async (bench) => {
      const store = await bench.leader();
      await store.commit({ operations: [put('a', 'k', 1)] });
      assert.equal((await changesOf(store))[0]!.tx, undefined);
    });

    test('one refusal refuses all, names its operation, and leaves no trace', async (bench) => {
      const store = await bench.leader();
      await store.collection('a').put('text', 'x');
      const { facts } = store;
      const before = await listOf(store, 'a');
      const refusals: readonly (readonly [Operation, Parameters<typeof refused>[0]])[] = [
        [{ op: 'increment', collection: 'a', key: 'text', by: 1 }, 'wrong_type'],
        [{ op: 'delete', collection: 'a', key: 'none' }, 'not_found'],
        [{ ...put('a', 'text', 2), condition: { ifNoneMatch: '*' } }, 'precondition_failed'],
      ];
      for (const [operation, code] of refusals) {
        for (const index of [0, 1, 2]) {
          const operations = [put('a', 'new', 1), put('b', 'new', 1)].toSpliced(index, 0, operation);
          const { details } = await refused(code, store.commit({ operations }));
          assert.deepEqual([details['operation'], details['key']], [index, operation.key]);
        }
      }
      assert.equal(store.facts, facts);
      assert.deepEqual([await listOf(store, 'a'), await keysOf(store, 'b')], [before, []]);
      assert.deepEqual(await store.collections(), [{ name: 'a', documents: 1 }]);
    });

    test('operations on one key see each other', async (bench) => {
      const store = await bench.leader();
      const at = { collection: 'c', key: 'k' } as const;
      const { changes } = await store.commit({
        operations: [
          put('c', 'k', 'b'),
          { op: 'append', ...at, text: 'c' },
          { op: 'prepend', ...at, text: 'a' },
          { op: 'delete', ...at },
          { op: 'increment', ...at, by: 2 },
          { op: 'increment', ...at, by: 3 },
        ],
      });
      assert.deepEqual(
        changes.map(({ valueText }) => valueText),
        ['"b"', '"bc"', '"abc"', undefined, '2', '5'],
      );
      assert.deepEqual(
        changes.map(({ created }) => created),
        [true, false, false, false, true, false],
      );
      assert.deepEqual(await listOf(store, 'c'), [`k@${changes[5]!.version}=5`]);
      assert.deepEqual(await store.collections(), [{ name: 'c', documents: 1 }]);
    });

    test('a condition inside a transaction is on what the operations before it made', async (bench) => {
      const store = await bench.leader();
      const create = { ...put('c', 'k', 1), condition: { ifNoneMatch: '*' } } as const;
      const { details } = await refused('precondition_failed', store.commit({ operations: [create, create] }));
      assert.equal(details['operation'], 1);
      const version = `1.${store.facts.history[0]!.epoch}`;
      await store.commit({ operations: [create, { ...put('c', 'k', 2), condition: { ifMatch: [version] } }] });
      assert.equal(await valueOf(store, 'c', 'k'), 2);
    });

    test('a transaction may have a thousand operations', async (bench) => {
      const store = await bench.leader();
      const operations = Array.from({ length: 1000 }, (_, i) => put(`c${i % 10}`, `k${i}`, i));
      const { position, changes } = await store.commit({ operations });
      assert.deepEqual([position.offset, changes.length], [1000, 1000]);
      assert.equal((await store.collections()).length, 10);
      assert.ok((await changesOf(store)).every(({ tx }) => tx === 1000));
    });

    test('a transaction of too many bytes is refused whole', async (bench) => {
      const store = await bench.leader();
      const value = 'x'.repeat(1_000_000);
      await refused(
        'too_large',
        store.commit({ operations: Array.from({ length: 9 }, (_, i) => put('c', `k${i}`, value)) }),
      );
      assert.equal(store.facts.head.offset, 0);
    });

    test('a load is acknowledged whole and is no transaction', async (bench) => {
      const store = await bench.leader();
      const { position, changes } = await store.load([put('c', 'a', 1), put('c', 'b', 2), put('c', 'a', 3)], 'trace-1');
      assert.deepEqual([position.offset, changes.length], [3, 3]);
      assert.deepEqual(
        changes.map(({ created }) => created),
        [true, true, false],
      );
      assert.deepEqual(
        (await changesOf(store)).map(({ tx, trace }) => [tx, trace]),
        Array(3).fill([undefined, 'trace-1']),
      );
      assert.equal(await valueOf(store, 'c', 'a'), 3);
    });
  });
}
