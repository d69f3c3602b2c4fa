import assert from 'node:assert/strict';
import type { Published, Store } from '@skein/core';
import type { Bench, Placed } from './bench.ts';
import { BehindTheBack, fixesOf } from './fixes.ts';
import { follow, listOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const DOCUMENTS = 10;

export function repairing({ describe, test }: Suite): void {
  describe('a repair', () => {
    test('puts right what is another one, what is missing, and what is too much', async (bench) => {
      const { leader, follower } = await drifted(bench);
      assert.notDeepEqual(await listOf(follower.store, 'c'), await listOf(leader, 'c'));
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      assert.equal(await follower.store.repair(position, fixes), 3);
      await expectAlike(leader, follower);
    });

    test('leaves the counts right, also of what had lost a document', async (bench) => {
      const { leader, follower } = await pair(bench);
      await new BehindTheBack(follower.level).del('k2');
      const { position, fixes } = await fixesOf(leader, named('k2'));
      await follower.store.repair(position, fixes);
      await expectAlike(leader, follower);
      await leader.collection('c').put('another', 1);
      await follow(leader, follower.store);
      await expectAlike(leader, await bench.reopen(follower));
    });

    test('leaves what has been changed or deleted since the position', async (bench) => {
      const { leader, follower } = await drifted(bench);
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      await leader.collection('c').put('k1', 'later');
      await leader.collection('c').delete('k2');
      await leader.collection('c').put('k3', 'back again');
      await follow(leader, follower.store);
      assert.equal(await follower.store.repair(position, fixes), 0);
      await expectAlike(leader, follower);
    });

    test('puts right the rest when some of it has changed since', async (bench) => {
      const { leader, follower } = await drifted(bench);
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      await leader.collection('c').put('k1', 'later');
      await follow(leader, follower.store);
      assert.equal(await follower.store.repair(position, fixes), 2);
      await expectAlike(leader, follower);
    });

    test('is refused when the log does not reach back to the position', async (bench) => {
      const { leader, follower } = await drifted(bench);
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      for (const value of [1, 2, 3]) await leader.collection('c').put('k5', value);
      await follow(leader, follower.store);
      const before = await listOf(follower.store, 'c');
      const { tail } = follower.store.facts;
      assert.equal(await follower.store.trim(position.offset + 2), position.offset + 2);
      assert.notEqual(follower.store.facts.tail, tail);
      await refused('compacted', follower.store.repair(position, fixes));
      assert.deepEqual([follower.store.state, await listOf(follower.store, 'c')], ['ready', before]);
    });

    test('is of the very position, and of no other history', async (bench) => {
      const { follower } = await drifted(bench);
      const { leader: other } = await pair(bench);
      const { position, fixes } = await fixesOf(other, named('k1', 'k2', 'k3'));
      const before = await listOf(follower.store, 'c');
      await refused('diverged', follower.store.repair(position, fixes));
      await refused(
        'ahead',
        follower.store.repair({ ...position, offset: follower.store.facts.head.offset + 1 }, fixes),
      );
      assert.deepEqual([follower.store.state, await listOf(follower.store, 'c')], ['ready', before]);
    });

    test('is told once, changes no position, and is nothing when there is nothing to do', async (bench) => {
      const { leader, follower } = await drifted(bench);
      const told: Published[] = [];
      follower.store.subscribe((published) => told.push(published));
      const { facts } = follower.store;
      assert.equal(await follower.store.repair(facts.head, { documents: [], removed: [] }), 0);
      assert.deepEqual(told, []);
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      await follower.store.repair(position, fixes);
      assert.deepEqual(told, [{ records: [], head: facts.head, tookMs: 0, isAnew: true }]);
      assert.deepEqual(follower.store.facts, facts);
    });

    test('is there after a restart, and what it wrote is in no log', async (bench) => {
      const { leader, follower } = await drifted(bench);
      const { position, fixes } = await fixesOf(leader, named('k1', 'k2', 'k3'));
      await follower.store.repair(position, fixes);
      const again = await bench.reopen(follower);
      assert.deepEqual(again.store.facts.head, leader.facts.head);
      await expectAlike(leader, again);
      await leader.collection('c').put('k1', 'next');
      await follow(leader, again.store);
      assert.equal(await valueOf(again.store, 'c', 'k1'), 'next');
    });
  });
}

/** A leader that has replaced `k1` and deleted `k3`, and who follows it. */
async function pair(bench: Bench): Promise<{ leader: Store; follower: Placed }> {
  const leader = await bench.leader();
  const follower = await bench.placeFollower();
  for (let i = 0; i < DOCUMENTS; i++) await leader.collection('c').put(`k${i}`, i);
  await follow(leader, follower.store);
  return { leader, follower };
}

/** The follower has kept an older `k1` and a `k3` that is deleted, and has lost `k2`. */
async function drifted(bench: Bench): Promise<{ leader: Store; follower: Placed }> {
  const { leader, follower } = await pair(bench);
  const back = new BehindTheBack(follower.level);
  const [k1, k3] = [await back.take('k1'), await back.take('k3')];
  await leader.collection('c').put('k1', 'newer');
  await leader.collection('c').delete('k3');
  await follow(leader, follower.store);
  await back.put('k1', k1);
  await back.put('k3', k3);
  await back.del('k2');
  return { leader, follower };
}

function named(...keys: readonly string[]) {
  return keys.map((key) => ({ collection: 'c', key }));
}

async function expectAlike(leader: Store, { store }: Pick<Placed, 'store'>): Promise<void> {
  assert.deepEqual(store.facts.head, leader.facts.head);
  assert.deepEqual(await listOf(store, 'c'), await listOf(leader, 'c'));
  assert.deepEqual(await store.collections(), await leader.collections());
  assert.deepEqual(await store.scrub(), {
    documents: (await listOf(leader, 'c')).length,
    problems: [],
    untrueIndexes: [],
  });
}
