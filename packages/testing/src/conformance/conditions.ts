import assert from 'node:assert/strict';
import type { Collection, Condition } from '@skein/core';
import { refused } from './looking.ts';
import type { Suite } from './suite.ts';

const STRANGE = '9.9-aaaaaaaa';

export function conditions({ describe, test }: Suite): void {
  describe('conditions', () => {
    test('If-Match wants one of the versions, or any document', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      await refusedAt(null, collection.put('k', 1, { ifMatch: '*' }));
      await refusedAt(null, collection.put('k', 1, { ifMatch: [STRANGE] }));
      const { version } = await collection.put('k', 1);
      await refusedAt(version, collection.put('k', 2, { ifMatch: [STRANGE] }));
      await refusedAt(version, collection.put('k', 2, { ifMatch: [] }));
      const next = await collection.put('k', 2, { ifMatch: [STRANGE, version] });
      await refusedAt(next.version, collection.put('k', 3, { ifMatch: [version] }));
      assert.equal((await collection.put('k', 3, { ifMatch: '*' })).created, false);
    });

    test('If-None-Match wants no document, or none of the versions', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      const { version } = await collection.put('k', 1, { ifNoneMatch: '*' });
      await refusedAt(version, collection.put('k', 2, { ifNoneMatch: '*' }));
      await refusedAt(version, collection.put('k', 2, { ifNoneMatch: [STRANGE, version] }));
      await collection.put('k', 2, { ifNoneMatch: [STRANGE] });
      await collection.put('new', 1, { ifNoneMatch: [STRANGE] });
      assert.equal((await collection.get('k'))?.value, 2);
    });

    test('both together must hold', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      const { version } = await collection.put('k', 1);
      await refusedAt(version, collection.put('k', 2, { ifMatch: [version], ifNoneMatch: '*' }));
      await collection.put('k', 2, { ifMatch: [version], ifNoneMatch: [STRANGE] });
    });

    test('a version is only itself: not its offset, not another epoch', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      const { version } = await collection.put('k', 1);
      for (const other of [
        '1',
        `1.${version.slice(2)}x`,
        version.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
        `"${version}"`,
      ]) {
        await refusedAt(version, collection.put('k', 2, { ifMatch: [other] }));
      }
    });

    test('every operation takes conditions', async (bench) => {
      const store = await bench.leader();
      const collection = store.collection('c');
      const { version } = await collection.put('k', 1);
      const condition: Condition = { ifMatch: [STRANGE] };
      const at = { collection: 'c', key: 'k', condition } as const;
      await refusedAt(version, collection.patch('k', {}, condition));
      await refusedAt(version, collection.delete('k', condition));
      for (const operation of [
        { op: 'increment', by: 1 },
        { op: 'append', text: '' },
        { op: 'prepend', text: '' },
      ] as const) {
        await refusedAt(version, store.commit({ operations: [{ ...at, ...operation }] }));
      }
      await refusedAt(null, collection.delete('none', condition));
      await collection.delete('k', { ifMatch: [version] });
    });

    test('of many that want the same version, one gets it', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      const { version } = await collection.put('k', 'start');
      const writers = Array.from({ length: 50 }, (_, i) => collection.put('k', i, { ifMatch: [version] }));
      const ended = await Promise.allSettled(writers);
      const winners = ended.flatMap((end, i) => (end.status === 'fulfilled' ? [i] : []));
      assert.deepEqual(winners, [0]);
      for (const end of ended) {
        if (end.status === 'rejected') await refused('precondition_failed', Promise.reject(end.reason as Error));
      }
      assert.equal((await collection.get('k'))?.value, 0);
    });

    test('of many that would create the same document, one does', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      const creators = Array.from({ length: 50 }, (_, i) => collection.put('k', i, { ifNoneMatch: '*' }));
      const ended = await Promise.allSettled(creators);
      assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    test('a counter kept by reading and If-Match loses nothing', async (bench) => {
      const collection = (await bench.leader()).collection('c');
      await collection.put('k', 0);
      await Promise.all(Array.from({ length: 8 }, () => addByHand(collection, 5)));
      assert.equal((await collection.get('k'))?.value, 40);
    });
  });
}

/** Refused because the document is at this version; null when it is not there. */
async function refusedAt(version: string | null, promise: Promise<unknown>): Promise<void> {
  const { details } = await refused('precondition_failed', promise);
  assert.equal(details['version'], version);
}

async function addByHand(collection: Collection, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const { value, version } = (await collection.get('k'))!;
    const isDone = await collection.put('k', (value as number) + 1, { ifMatch: [version] }).then(
      () => true,
      () => false,
    );
    if (isDone) done++;
  }
}
