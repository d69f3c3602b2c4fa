import assert from 'node:assert/strict';
import { isSkeinError, type Definition, type Violation } from '@skein/protocol';
import { follow, keysOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const ORDER: Definition = {
  schema: {
    type: 'object',
    required: ['total'],
    properties: { total: { type: 'number', minimum: 0 }, placed: { type: 'string', format: 'date' } },
    additionalProperties: false,
  },
};

export function defining({ describe, test }: Suite): void {
  describe('a definition', () => {
    test('is asked of every write behind it, and names all that is wrong', async (bench) => {
      const store = await bench.leader();
      const orders = store.collection('orders');
      await orders.put('before', 'anything');
      await store.definitions.put('orders', ORDER);
      await orders.put('good', { total: 1, placed: '2026-01-01' });
      const { details } = await refused('invalid_document', orders.put('bad', { placed: 'yesterday', extra: 1 }));
      const violations = details['violations'] as readonly Violation[];
      assert.deepEqual(violations.map(({ path, rule }) => `${path} ${rule}`).toSorted(), [
        ' additionalProperties',
        ' required',
        '/placed format',
      ]);
      await refused('invalid_document', orders.patch('good', { total: -1 }));
      await refused('invalid_document', orders.increment('counter'));
      await refused('invalid_document', orders.append('text', 'a'));
      const bad = { op: 'put', collection: 'orders', key: 'third', valueText: '{}' } as const;
      const fine = { op: 'put', collection: 'other', key: 'k', valueText: '1' } as const;
      const refusal = await refused('invalid_document', store.commit({ operations: [fine, bad] }));
      assert.equal(refusal.details['operation'], 1);
      await refused('invalid_document', store.load([fine, bad]));
      assert.deepEqual([await keysOf(store, 'orders'), await keysOf(store, 'other')], [['before', 'good'], []]);
      await orders.delete('good');
    });

    test('holds in the order of the log, also within one group of writes', async (bench) => {
      const store = await bench.leader();
      const write = (key: string): Promise<unknown> =>
        store
          .collection('orders')
          .put(key, {})
          .catch((error: unknown) => isSkeinError(error) && error.code);
      const results = await Promise.all([
        write('before'),
        store.definitions.put('orders', ORDER),
        write('behind'),
        store.definitions.put('orders', {}),
        write('last'),
      ]);
      assert.equal(results[2], 'invalid_document');
      assert.deepEqual(await keysOf(store, 'orders'), ['before', 'last']);
    });

    test('is what it was after a restart and on a follower, and goes when it is deleted', async (bench) => {
      const leader = await bench.placeLeader();
      await leader.store.definitions.put('orders', ORDER);
      const follower = await bench.follower();
      await follow(leader.store, follower);
      assert.deepEqual(await valueOf(follower, '$definitions', 'orders'), ORDER);
      assert.deepEqual(follower.definitions.book.of('orders')?.definition, ORDER);
      const { store } = await bench.reopen(leader);
      await refused('invalid_document', store.collection('orders').put('k', {}));
      await store.definitions.put('orders', null);
      await store.collection('orders').put('k', {});
      await refused('not_found', store.definitions.put('orders', null));
    });

    test('that cannot be used is refused, and nothing changes', async (bench) => {
      const store = await bench.leader();
      for (const schema of [
        { type: 'nonsense' },
        { $ref: 'https://example.com/other' },
        { pattern: '(' },
        { $ref: '#' },
      ])
        await refused('bad_definition', store.definitions.put('orders', { schema }));
      assert.equal(store.facts.head.offset, 0);
      await store.collection('orders').put('k', 1);
    });

    test('tells how many documents break it, and with strict is stored only where none does', async (bench) => {
      const store = await bench.leader();
      const users = store.collection('users');
      await users.put('a', { email: 'x', age: 1 });
      await users.put('b', { email: 'x', age: 'one' });
      await users.put('c', { email: 'y', age: 2 });
      const definition: Definition = {
        schema: { properties: { age: { type: 'number' } } },
        indexes: [{ name: 'by-email', fields: ['email'], unique: true }],
      };
      const report = await store.definitions.check('users', definition);
      assert.deepEqual([report.documents, report.broken], [3, 2]);
      assert.deepEqual(
        report.examples.map(({ key, violations }) => [key, violations.map(({ rule }) => rule)]),
        [
          ['a', ['unique']],
          ['b', ['type', 'unique']],
        ],
      );
      const { details } = await refused(
        'definition_broken',
        store.definitions.put('users', definition, { strict: true }),
      );
      assert.equal(details['broken'], 2);
      assert.equal(await valueOf(store, '$definitions', 'users'), undefined);
      await users.put('b', { email: 'z', age: 3 });
      await store.definitions.put('users', definition, { strict: true });
      await store.indexed();
      await refused('not_unique', users.put('d', { email: 'z', age: 3 }));
    });

    test('being tried lets nothing slip in that would break it', async (bench) => {
      const store = await bench.leader();
      const orders = store.collection('orders');
      await orders.put('k', { total: 1 });
      const trying = store.definitions.put('orders', ORDER, { strict: true });
      const slipping = Promise.allSettled(
        Array.from({ length: 20 }, (_unused, i) => orders.put(`bad${i}`, { total: -i - 1 })),
      );
      await trying;
      assert.ok((await slipping).every(({ status }) => status === 'rejected'));
      assert.equal((await store.definitions.check('orders', ORDER)).broken, 0);
    });
  });
}
