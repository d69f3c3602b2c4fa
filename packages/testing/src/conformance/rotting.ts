import assert from 'node:assert/strict';
import type { Level, Store } from '@skein/core';
import type { Bench, Placed } from './bench.ts';
import { ALL, rangeOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const DOCUMENT = Buffer.from('dc\0k2');

export function rotting({ describe, test }: Suite): void {
  describe('flipped bits', () => {
    test('of a document are found by every way of reading it, and no other document is harmed', async (bench) => {
      const reads: readonly ((store: Store) => Promise<unknown>)[] = [
        (store) => store.collection('c').get('k2'),
        (store) => store.collection('c').getMany(['k1', 'k2']),
        (store) => store.documents.scan('c'),
        async (store) => (await store.snapshot()).documents.get('c', 'k2'),
        (store) => store.collection('c').increment('k2'),
      ];
      for (const read of reads) {
        const { store, faults } = await filled(await bench.placeLeader());
        await faults.flipBit(DOCUMENT, 77);
        const { details } = await refused('corrupt', read(store));
        assert.deepEqual(details, { collection: 'c', key: 'k2' });
        assert.equal(store.state, 'corrupt');
        assert.match(store.failure!, /"k2" of c/);
        assert.equal(await valueOf(store, 'c', 'k1'), 1);
      }
    });

    test('of a document, wherever they are, are never served', async (bench) => {
      const { store, faults, level } = await filled(await bench.placeLeader());
      const bits = (await level.get(DOCUMENT))!.length * 8;
      for (let bit = 0; bit < bits; bit++) {
        await faults.flipBit(DOCUMENT, bit);
        await refused('corrupt', store.collection('c').get('k2'));
        await faults.flipBit(DOCUMENT, bit);
      }
      assert.equal(await valueOf(store, 'c', 'k2'), 2);
    });

    test('found stop every further write; reads and the log go on', async (bench) => {
      const { store, faults } = await filled(await bench.placeLeader());
      await faults.flipBit(DOCUMENT, 77);
      await refused('corrupt', store.collection('c').get('k2'));
      const written = faults.writes;
      await refused('corrupt', store.collection('c').put('k1', 2));
      await refused('corrupt', store.trim(2));
      assert.equal(faults.writes, written);
      assert.equal((await store.readLog(0, ALL)).records.length, 5);
    });

    test('found while the store is poisoned are not forgotten by its reopening', async (bench) => {
      let isBlocked = true;
      const probe = async (): Promise<void> => {
        if (isBlocked) throw new Error('not yet');
      };
      const { store, faults } = await filled(await bench.placeLeader({ probe }));
      await faults.flipBit(DOCUMENT, 77);
      faults.failWrite();
      await refused('outcome_unknown', store.collection('c').put('k1', 2));
      await bench.clock.untilAsleep();
      await refused('corrupt', store.collection('c').get('k2'));
      isBlocked = false;
      bench.clock.advance(10_000);
      await new Promise((resolve) => setImmediate(resolve));
      // Waits for its turn, behind the reopening.
      await refused('corrupt', store.trim(1));
      await refused('corrupt', store.collection('c').put('k1', 2));
    });

    test('of any record are found at opening', async (bench) => {
      const placed = await filled(await bench.placeLeader());
      await placed.store.close();
      await assertFoundAtOpening(bench, placed, 'l');
    });

    test('of what the store says of itself are found at opening', async (bench) => {
      const placed = await filled(await bench.placeLeader());
      await placed.store.trim(2);
      await placed.store.close();
      await assertFoundAtOpening(bench, placed, 'm');
      await assertFoundAtOpening(bench, placed, 'n');
    });

    test('of a record are found when it is read', async (bench) => {
      const placed = await filled(await bench.placeLeader());
      const { store, faults, level } = await bench.reopen(placed);
      const [, key] = await recordKeys(level);
      const bits = (await level.get(key!))!.length * 8;
      for (let bit = 0; bit < bits; bit += 3) {
        await faults.flipBit(key!, bit);
        await refused('corrupt', store.readLog(0, ALL));
        await faults.flipBit(key!, bit);
      }
      assert.equal(store.state, 'corrupt');
      assert.equal((await store.readLog(0, ALL)).records.length, 5);
    });

    test('of an idempotency entry are found when it is needed', async (bench) => {
      const { store, faults } = await bench.placeLeader();
      const idempotency = { keyDigest: 'a'.repeat(32), requestDigest: 'b'.repeat(32) };
      const commit = () =>
        store.commit({ operations: [{ op: 'increment', collection: 'c', key: 'n', by: 1 }], idempotency });
      await commit();
      await faults.flipBit(Buffer.from(`i${idempotency.keyDigest}`), 300);
      await refused('corrupt', commit());
      assert.deepEqual([store.state, await valueOf(store, 'c', 'n')], ['corrupt', 1]);
    });

    test('and missing entries are all found by a scrub', async (bench) => {
      const harms: readonly (readonly [RegExp, (placed: Placed) => Promise<unknown>])[] = [
        [/"k2" of c fails its checksum/, ({ faults }) => faults.flipBit(DOCUMENT, 77)],
        [/"k2" of c is missing; the log has it at 2/, ({ level }) => level.del(DOCUMENT)],
        [/c holds 4 documents; its count says 5/, ({ level }) => level.del(DOCUMENT)],
        [/the log ends before 5/, async ({ level }) => level.del((await recordKeys(level)).at(-1)!)],
        [/"k1" of c cannot be found by its key/, async ({ level }) => hideByKey(level)],
        [/has 4 where 3 belongs/, async ({ level }) => level.del((await recordKeys(level))[2]!)],
        [/"nc" fails its checksum/, ({ faults }) => faults.flipBit(Buffer.from('nc'), 90)],
      ];
      for (const [expected, harm] of harms) {
        const placed = await filled(await bench.placeLeader());
        assert.deepEqual(await placed.store.scrub(), { documents: 5, problems: [], untrueIndexes: [] });
        await harm(placed);
        const { problems } = await placed.store.scrub();
        assert.ok(
          problems.some((problem) => expected.test(problem)),
          `${expected.source} in ${problems.join('; ')}`,
        );
      }
    });

    test('a document that is newer than the log is found by a scrub', async (bench) => {
      const placed = await filled(await bench.placeLeader());
      await placed.level.del((await recordKeys(placed.level)).at(-1)!);
      const { store } = await bench.reopen(placed);
      assert.equal(store.facts.head.offset, 4);
      assert.deepEqual((await store.scrub()).problems, ['document "k5" of c is of 5; the log ends at 4']);
      await refused('corrupt', store.collection('c').put('k6', 6));
    });

    test('a document that is an older one of itself, or has come back, is found by a scrub', async (bench) => {
      const { store, level } = await filled(await bench.placeLeader());
      const older = (await level.get(DOCUMENT))!;
      await store.collection('c').put('k2', 'newer');
      await store.collection('c').delete('k3');
      assert.deepEqual((await store.scrub()).problems, []);
      await level.put(DOCUMENT, older);
      await level.put(Buffer.from('dc\0k3'), (await level.get(Buffer.from('dc\0k1')))!);
      const { problems } = await store.scrub();
      assert.ok(problems.includes('document "k2" of c is of 2; the log changed it at 6'));
      assert.ok(problems.includes('document "k3" of c is of 1; the log changed it at 7'));
    });

    test('a scrub beside writes and trims finds nothing wrong', async (bench) => {
      const { store } = await filled(await bench.placeLeader());
      const writing = Array.from({ length: 30 }, async (_, i) => {
        await store.collection('c').put(`k${i % 9}`, i);
        await store.trim(store.facts.head.offset - 3);
      });
      for (let i = 0; i < 10; i++) assert.deepEqual((await store.scrub()).problems, []);
      await Promise.all(writing);
    });
  });
}

/** Five documents in five records. */
/** Documents are there when they are walked through, and not when they are asked for. */
function hideByKey(level: Level): void {
  const getMany = level.getMany.bind(level) as unknown as (
    keys: readonly unknown[],
    options: object,
  ) => Promise<unknown[]>;
  Object.assign(level, {
    getMany: async (keys: readonly unknown[], options: object) =>
      (await getMany(keys, options)).map((found, i) => (typeof keys[i] === 'string' ? undefined : found)),
  });
}

async function filled(placed: Placed): Promise<Placed> {
  for (let i = 1; i <= 5; i++) await placed.store.collection('c').put(`k${i}`, i);
  return placed;
}

function recordKeys(level: Level): Promise<readonly Buffer[]> {
  return level.keys(rangeOf('l')).all();
}

const FLIPS = 12;

/** Flips bits here and there in the entries of one kind of a closed database; each must keep it from opening. */
async function assertFoundAtOpening(bench: Bench, { level, faults }: Placed, kind: string): Promise<void> {
  await level.open();
  const entries = await level.iterator(rangeOf(kind)).all();
  for (let flip = 0; flip < FLIPS; flip++) {
    const [key, value] = entries[flip % entries.length]!;
    const bit = (flip * 1009) % (value.length * 8);
    await faults.flipBit(key, bit);
    await level.close();
    await refused('corrupt', bench.open(level, 'leader'));
    await level.open();
    await faults.flipBit(key, bit);
  }
  await level.close();
  await (await bench.open(level, 'leader')).close();
}
