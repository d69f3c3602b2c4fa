import assert from 'node:assert/strict';
import type { Store } from '@skein/core';
import { START, type JsonValue } from '@skein/protocol';
import { listOf, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const ROUNDS = 60;

export function snapshots({ describe, test }: Suite): void {
  describe('snapshots', () => {
    test('a snapshot stays as it was while writes go on', async (bench) => {
      const store = await bench.leader();
      const { position } = await store.collection('c').put('k', 'before');
      const snapshot = await store.snapshot();
      const before = await listOf(store, 'c');
      await store.collection('c').put('k', 'after');
      await store.collection('c').put('new', 1);
      assert.deepEqual(snapshot.position, position);
      assert.deepEqual(await listOf(snapshot, 'c'), before);
      assert.equal((await snapshot.documents.get('c', 'k'))?.value, 'before');
      assert.deepEqual(await snapshot.documents.getMany([{ collection: 'c', key: 'new' }]), [undefined]);
      await snapshot.close();
      assert.equal(await valueOf(store, 'c', 'k'), 'after');
    });

    test('a snapshot of an empty store is at the start', async (bench) => {
      const store = await bench.leader();
      const snapshot = await store.snapshot();
      assert.deepEqual(snapshot.position, START);
      await snapshot.close();
    });

    test('reads in a snapshot agree with each other and with its position, whatever is being written', async (bench) => {
      const store = await bench.leader();
      const writing = writePairs(store);
      for (let last = 0; last < 2 * ROUNDS;) {
        const snapshot = await store.snapshot();
        last = snapshot.position.offset;
        const [a, b] = await snapshot.documents.getMany([
          { collection: 'a', key: 'k' },
          { collection: 'b', key: 'k' },
        ]);
        assert.equal(a?.value, b?.value);
        assert.equal((a?.value as number | undefined) ?? 0, last / 2);
        assert.equal((await snapshot.documents.get('b', 'k'))?.offset ?? 0, last);
        await snapshot.close();
      }
      await writing;
    });

    test('getMany answers as of one moment', async (bench) => {
      const store = await bench.leader();
      const writing = writePairs(store);
      for (let seen: JsonValue = 0; seen !== ROUNDS;) {
        const [a, b] = await store.documents.getMany([
          { collection: 'a', key: 'k' },
          { collection: 'b', key: 'k' },
        ]);
        assert.equal(a?.value, b?.value);
        seen = a?.value ?? 0;
      }
      await writing;
    });
  });
}

/** Two documents that are equal after every transaction. */
async function writePairs(store: Store): Promise<void> {
  for (let i = 1; i <= ROUNDS; i++) {
    await store.commit({
      operations: [
        { op: 'put', collection: 'a', key: 'k', valueText: String(i) },
        { op: 'increment', collection: 'b', key: 'k', by: 1 },
      ],
    });
  }
}
