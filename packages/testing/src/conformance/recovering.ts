import assert from 'node:assert/strict';
import type { Published, Store } from '@skein/core';
import type { Placed } from './bench.ts';
import { DISK_FAILED, DISK_FULL } from './faulty-level.ts';
import { ALL, changesOf, follow, listOf, rangeOf, recordsOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

/** Longer than any pause between two attempts to reopen. */
const NEXT_ATTEMPT_MS = 10_000;

export function recovering({ describe, test }: Suite): void {
  describe('after a failed write', () => {
    test('its outcome is unknown, and the store recovers by itself', async (bench) => {
      const { store, faults } = await begun(await bench.placeLeader());
      const states: string[] = [];
      store.watch((state) => states.push(store.failure === null ? state : `${state}: ${store.failure}`));
      faults.failWrite();
      const { cause } = await refused('outcome_unknown', store.collection('c').put('k', 'lost'));
      assert.equal(cause, DISK_FAILED);
      await recovered(store);
      assert.deepEqual([store.failure, store.facts.head.offset, await valueOf(store, 'c', 'k')], [null, 1, 'first']);
      const why = DISK_FAILED.message;
      assert.deepEqual(states, [`poisoned: ${why}`, `recovering: ${why}`, 'ready']);
      assert.equal((await store.collection('c').put('k', 'next')).position.offset, 2);
    });

    test('all of its group is unknown, and none of it is there when it was not stored', async (bench) => {
      const { store, faults } = await begun(await bench.placeLeader());
      faults.failWrite();
      const writes = Array.from({ length: 20 }, () => store.collection('c').increment('n'));
      for (const write of writes) await refused('outcome_unknown', write);
      await recovered(store);
      assert.equal(await valueOf(store, 'c', 'n'), undefined);
      assert.deepEqual((await store.scrub()).problems, []);
    });

    for (const [error, code] of [
      [DISK_FAILED, 'starting'],
      [DISK_FULL, 'storage_full'],
    ] as const) {
      test(`writes are refused with ${code} and reads go on until it is reopened`, async (bench) => {
        let isBlocked = true;
        const probe = async (): Promise<void> => {
          if (isBlocked) throw error;
        };
        const { store, faults } = await begun(await bench.placeLeader({ probe }));
        const release = faults.holdWrites();
        faults.failWrite({ error });
        const failing = refused('outcome_unknown', store.collection('c').put('k', 'lost'));
        await until(() => faults.writesInFlight > 0);
        const waiting = refused(code, store.collection('c').put('k', 'waiting'));
        release();
        await failing;
        assert.equal(store.state, 'poisoned');
        assert.ok(((await waiting).details['retryAfterSeconds'] as number) > 0);
        await bench.clock.untilAsleep();
        const written = faults.writes;
        await refused(code, store.collection('c').put('k', 'later'));
        await refused(code, store.load([{ op: 'put', collection: 'c', key: 'k', valueText: '1' }]));
        await refused(code, store.trim(1));
        assert.equal(faults.writes, written);
        assert.equal(store.failure, error.message);
        assert.equal(await valueOf(store, 'c', 'k'), 'first');
        assert.equal((await store.readLog(0, ALL)).records.length, 1);
        assert.equal((await listOf(store, 'c')).length, 1);
        isBlocked = false;
        bench.clock.advance(NEXT_ATTEMPT_MS);
        await recovered(store);
        assert.equal((await store.collection('c').put('k', 'next')).position.offset, 2);
      });
    }

    test('a write that is there after all is published, counted and keeps its offset', async (bench) => {
      const { store, faults } = await begun(await bench.placeLeader());
      const published: Published[] = [];
      store.subscribe((news) => published.push(news));
      faults.failWrite({ isStored: true });
      await refused('outcome_unknown', store.collection('c').put('new', 'there'));
      await recovered(store);
      assert.deepEqual([store.facts.head.offset, await valueOf(store, 'c', 'new')], [2, 'there']);
      assert.deepEqual(
        published.map(({ head }) => head),
        [store.facts.head],
      );
      assert.deepEqual(
        published.flatMap(({ records }) => records),
        (await recordsOf(store)).slice(1),
      );
      assert.equal((await store.collection('c').put('next', 1)).position.offset, 3);
      assert.deepEqual(await store.collections(), [{ name: 'c', documents: 3 }]);
      assert.deepEqual(
        (await changesOf(store)).map(({ key }) => key),
        ['k', 'new', 'next'],
      );
    });

    test('nothing that is not known to be durable is shown meanwhile', async (bench) => {
      const probe = async (): Promise<void> => Promise.reject(DISK_FAILED);
      // Opened anew, so that the log is read from the database and not from memory.
      const { store, faults } = await bench.reopen(await begun(await bench.placeLeader()), { probe });
      faults.failWrite({ isStored: true });
      await refused('outcome_unknown', store.collection('c').put('new', 'there'));
      await bench.clock.untilAsleep();
      assert.deepEqual(
        [store.facts.head.offset, (await changesOf(store)).length, await store.positionAt(2)],
        [1, 1, undefined],
      );
    });

    test('the same request with its idempotency key is done once, whether it was stored or not', async (bench) => {
      for (const isStored of [true, false]) {
        const { store, faults } = await begun(await bench.placeLeader());
        const request = {
          operations: [{ op: 'increment', collection: 'c', key: 'n', by: 1 }],
          idempotency: { keyDigest: 'a'.repeat(32), requestDigest: 'b'.repeat(32) },
        } as const;
        faults.failWrite({ isStored });
        await refused('outcome_unknown', store.commit(request));
        await recovered(store);
        assert.deepEqual([(await store.commit(request)).replayed, await valueOf(store, 'c', 'n')], [isStored, 1]);
      }
    });

    test('reopening is tried until it works, and tells of found writes only then', async (bench) => {
      const { store, faults } = await begun(await bench.placeLeader());
      const published: Published[] = [];
      store.subscribe((news) => published.push(news));
      faults.failWrite({ isStored: true });
      faults.failOpens(3);
      await refused('outcome_unknown', store.collection('c').put('new', 'there'));
      for (let attempt = 0; attempt < 3; attempt++) {
        await bench.clock.untilAsleep();
        assert.deepEqual([store.state, published.length], ['recovering', 0]);
        await refused('starting', store.collection('c').put('k', 'later'));
        await refused('starting', store.collection('c').get('k'));
        await refused('starting', store.readLog(0, ALL));
        await refused('starting', store.snapshot());
        bench.clock.advance(NEXT_ATTEMPT_MS);
      }
      await recovered(store);
      assert.equal(published.length, 1);
    });

    test('an attempt that fails at any read is made again from its beginning', async (bench) => {
      for (let reads = 1; reads <= 5; reads++) {
        const { store, faults } = await begun(await bench.placeLeader());
        const published: Published[] = [];
        store.subscribe((news) => published.push(news));
        faults.failWrite({ isStored: true });
        faults.failIterator(reads - 1);
        await refused('outcome_unknown', store.collection('c').put('new', 'there'));
        await until(() => {
          bench.clock.advance(NEXT_ATTEMPT_MS);
          return store.state === 'ready';
        });
        assert.deepEqual(
          published.map(({ head }) => head),
          [store.facts.head],
          `read ${reads}`,
        );
        assert.deepEqual([store.facts.head.offset, await store.collections()], [2, [{ name: 'c', documents: 2 }]]);
      }
    });

    test('a log that lost what was acknowledged is corrupt, not shorter', async (bench) => {
      const { store, faults, level } = await begun(await bench.placeLeader());
      await store.collection('c').put('k', 'second');
      const [, last] = await level.keys(rangeOf('l')).all();
      await level.del(last!);
      faults.failWrite();
      await refused('outcome_unknown', store.collection('c').put('k', 'third'));
      await until(() => store.state === 'corrupt');
      await refused('corrupt', store.collection('c').put('k', 'third'));
      assert.equal(store.facts.head.offset, 2);
    });

    test("a follower's failed page is applied again, or found", async (bench) => {
      const leader = await bench.leader();
      await leader.collection('c').put('k', 1);
      for (const isStored of [true, false]) {
        const { store, faults } = await bench.placeFollower();
        faults.failWrite({ isStored });
        await refused('outcome_unknown', follow(leader, store));
        await recovered(store);
        assert.equal(store.facts.head.offset, isStored ? 1 : 0);
        await follow(leader, store);
        assert.deepEqual([store.facts.head, await listOf(store, 'c')], [leader.facts.head, await listOf(leader, 'c')]);
      }
    });

    test('a store can be closed', async (bench) => {
      const placed = await begun(await bench.placeLeader({ probe: async () => Promise.reject(DISK_FULL) }));
      placed.faults.failWrite();
      await refused('outcome_unknown', placed.store.collection('c').put('k', 'lost'));
      await bench.clock.untilAsleep();
      await placed.store.close();
      assert.equal(await valueOf((await bench.reopen(placed)).store, 'c', 'k'), 'first');
    });
  });
}

async function begun(placed: Placed): Promise<Placed> {
  await placed.store.collection('c').put('k', 'first');
  return placed;
}

function recovered(store: Store): Promise<void> {
  return until(() => store.state === 'ready');
}
