import assert from 'node:assert/strict';
import { Load, type Operation, type Store } from '@skein/core';
import type { FaultyLevel } from './faulty-level.ts';
import { changesOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

/** What is decided while the disk has the batch before it must come out as if it had waited. */
export function deciding({ describe, test }: Suite): void {
  describe('a group that is decided while another is in flight', () => {
    test('is decided by what that one leaves', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      await Promise.all([c.put('gone', 1), c.put('text', 'a'), c.put('n', 5)]);
      const { firsts, seconds, release } = await behind(
        faults,
        () => [c.delete('gone'), c.append('text', 'b'), c.increment('n'), c.put('new', 1)],
        () => [c.put('gone', 2), c.append('text', 'c'), c.increment('n'), c.put('new', 2), c.delete('never')],
      );
      release();
      const written = await Promise.all([...firsts, ...seconds.slice(0, 4)]);
      await refused('not_found', seconds[4]!);
      assert.deepEqual(
        written.map(({ created, valueText }) => [created, valueText]),
        [
          [false, undefined],
          [false, '"ab"'],
          [false, '6'],
          [true, '1'],
          [true, '2'],
          [false, '"abc"'],
          [false, '7'],
          [false, '2'],
        ],
      );
      assert.deepEqual(await store.collections(), [{ name: 'c', documents: 4 }]);
      await isSound(store);
    });

    test('keeps conditions on documents that the other changes', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      const { version } = await c.put('k', 1);
      const { firsts, seconds, release } = await behind(
        faults,
        () => [c.put('k', 2), c.put('other', 1)],
        () => [c.put('k', 3, { ifMatch: [version] }), c.put('other', 2)],
      );
      release();
      await Promise.all(firsts);
      await refused('precondition_failed', seconds[0]!);
      assert.equal(await valueOf(store, 'c', 'k'), 2);
    });

    test('leaves in the indexes what is in the documents', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      await store.definitions.put('c', { indexes: [{ name: 'by-n', fields: ['n'] }] });
      await store.indexed();
      for (const key of ['changed', 'gone', 'back']) await c.put(key, { n: 1 });
      const { firsts, seconds, release } = await behind(
        faults,
        () => [c.put('changed', { n: 2 }), c.put('new', { n: 2 }), c.delete('back'), c.put('gone', { n: 2 })],
        () => [c.put('changed', { n: 3 }), c.put('new', { n: 3 }), c.put('back', { n: 3 }), c.delete('gone')],
      );
      release();
      await Promise.all([...firsts, ...seconds]);
      const found = await store.indexes.page('c', 'by-n', { limit: 10 });
      assert.deepEqual(
        found.documents.map(({ key, value }) => [key, value]),
        ['back', 'changed', 'new'].map((key) => [key, { n: 3 }]),
      );
      await isSound(store);
    });

    test('is decided anew when that one fails', async (bench) => {
      for (const isStored of [false, true]) {
        const { store, faults } = await bench.placeLeader();
        const c = store.collection('c');
        await c.put('n', 0);
        const { firsts, seconds, release } = await behind(
          faults,
          () => [c.increment('n')],
          () => [c.increment('n')],
        );
        faults.failWrite({ isStored });
        release();
        await refused('outcome_unknown', firsts[0]!);
        // The store is ready again before its turn comes.
        assert.equal((await seconds[0]!).valueText, isStored ? '2' : '1');
        await isSound(store);
      }
    });

    test('is decided anew when an epoch has begun before it', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      const { firsts, seconds, release } = await behind(
        faults,
        () => [c.put('k', 1)],
        () => [c.put('k', 2)],
      );
      const { node } = store.facts.identity;
      const begun = [
        store.leadership.promise({ counter: 2, to: node }),
        store.leadership.lead({ counter: 2, reason: 'promoted' }),
      ];
      release();
      await Promise.all([...firsts, ...begun]);
      const { position } = await seconds[0]!;
      assert.deepEqual([position.offset, position.epoch], [3, store.facts.history.at(-1)!.epoch]);
      await isSound(store);
    });

    test('is decided anew when a definition is being tried', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const c = store.collection('c');
      const { firsts, seconds, release } = await behind(
        faults,
        () => [c.put('k', { total: 1 })],
        () => [c.put('bad', { total: 'none' })],
      );
      const schema = { properties: { total: { type: 'number' } } };
      const trying = store.definitions.put('c', { schema }, { strict: true });
      release();
      await Promise.all([...firsts, trying]);
      await refused('invalid_document', seconds[0]!);
      assert.equal((await store.definitions.check('c', { schema })).broken, 0);
    });
  });

  describe('a load of several parts', () => {
    test('is taken up to the part that is refused, and no further', async (bench) => {
      const { store } = await bench.placeLeader();
      const load = new Load();
      const taken = store.load(part('a'), undefined, load);
      const rest = [part('b', 'x'.repeat(2_000_000)), part('d')].map((one) => store.load(one, undefined, load));
      await taken;
      for (const answer of rest) await refused('too_large', answer);
      await refused('too_large', store.load(part('e'), undefined, load));
      assert.deepEqual(
        (await changesOf(store)).map(({ key }) => key),
        ['a'],
      );
      await store.load(part('other'), undefined, new Load());
    });

    test('is not gone on with behind a part of which nobody knows whether it was written', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const load = new Load();
      faults.failWrite();
      await refused('outcome_unknown', store.load(part('a'), undefined, load));
      await until(() => store.state === 'ready');
      await refused('outcome_unknown', store.load(part('b'), undefined, load));
      assert.equal(store.facts.head.offset, 0);
    });
  });
}

/** Two groups: the disk has the first, and behind it the second is decided and in a batch. */
async function behind<First, Second>(
  faults: FaultyLevel,
  makeFirsts: () => readonly Promise<First>[],
  makeSeconds: () => readonly Promise<Second>[],
): Promise<{ firsts: readonly Promise<First>[]; seconds: readonly Promise<Second>[]; release: () => void }> {
  const release = faults.holdWrites();
  const firsts = makeFirsts();
  await until(() => faults.writesInFlight > 0);
  const seconds = makeSeconds();
  for (const second of seconds) second.catch(() => undefined);
  await until(() => faults.batches > faults.writes);
  return { firsts, seconds, release };
}

function part(key: string, text = ''): readonly Operation[] {
  return [{ op: 'put', collection: 'c', key, valueText: JSON.stringify(text) }];
}

async function isSound(store: Store): Promise<void> {
  assert.deepEqual((await store.scrub()).problems, []);
}
