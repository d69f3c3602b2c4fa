import assert from 'node:assert/strict';
import { isEpoch, parseEpoch, START } from '@skein/protocol';
import { follow, listOf, refused } from './looking.ts';
import type { Suite } from './suite.ts';

export function opening({ describe, test }: Suite): void {
  describe('opening', () => {
    test('a new leader has a log, a first epoch and an empty log', async (bench) => {
      const { facts, state, failure } = await bench.leader({ node: 'leader-1' });
      assert.match(facts.identity.log!, /^[0-9a-f]{24}$/);
      assert.deepEqual([facts.identity.role, facts.identity.node], ['leader', 'leader-1']);
      assert.deepEqual([facts.head, facts.headTs, facts.tail], [START, null, 1]);
      assert.equal(facts.history.length, 1);
      assert.ok(isEpoch(facts.history[0]!.epoch));
      assert.deepEqual([parseEpoch(facts.history[0]!.epoch).counter, facts.history[0]!.offsetFirst], [1, 1]);
      assert.deepEqual([state, failure], ['ready', null]);
    });

    test('two leaders never share a log or an epoch', async (bench) => {
      const [one, other] = [await bench.leader(), await bench.leader()];
      assert.notEqual(one.facts.identity.log, other.facts.identity.log);
      assert.notEqual(one.facts.history[0]!.epoch, other.facts.history[0]!.epoch);
    });

    test('a node without a name is given one, and keeps it', async (bench) => {
      const placed = await bench.placeLeader();
      const { node } = placed.store.facts.identity;
      assert.match(node, /^node-[0-9a-f]{8}$/);
      assert.equal((await bench.reopen(placed)).store.facts.identity.node, node);
    });

    test('a new follower has no log until its first page', async (bench) => {
      const leader = await bench.leader();
      const follower = await bench.follower();
      assert.deepEqual([follower.facts.identity.log, follower.facts.history], [null, []]);
      await leader.collection('c').put('k', 1);
      await follow(leader, follower);
      assert.equal(follower.facts.identity.log, leader.facts.identity.log);
      assert.deepEqual(follower.facts.history, leader.facts.history);
    });

    test('facts and documents survive a reopening', async (bench) => {
      const placed = await bench.placeLeader();
      const orders = placed.store.collection('orders');
      for (let i = 0; i < 20; i++) await orders.put(`o-${i % 7}`, { i });
      await orders.delete('o-3');
      const before = { facts: placed.store.facts, documents: await listOf(placed.store, 'orders') };
      const { store } = await bench.reopen(placed);
      assert.deepEqual(store.facts, before.facts);
      assert.deepEqual(await listOf(store, 'orders'), before.documents);
      assert.equal(store.facts.head.offset, 21);
    });

    test("a follower's facts survive a reopening", async (bench) => {
      const leader = await bench.leader();
      const placed = await bench.placeFollower({ node: 'f-1' });
      await leader.collection('c').put('k', 1);
      await follow(leader, placed.store);
      const { facts } = placed.store;
      assert.deepEqual((await bench.reopen(placed)).store.facts, facts);
    });

    test('offsets go on behind the head after a reopening', async (bench) => {
      const placed = await bench.placeLeader();
      await placed.store.collection('c').put('k', 1);
      const { store } = await bench.reopen(placed);
      assert.equal((await store.collection('c').put('k', 2)).position.offset, 2);
    });

    test('a database of the other role is refused, and can be opened as what it is', async (bench) => {
      const leader = await bench.placeLeader();
      await leader.store.close();
      await refused('wrong_data', bench.open(leader.level, 'follower'));
      const follower = await bench.placeFollower();
      await follower.store.close();
      await refused('wrong_data', bench.open(follower.level, 'leader'));
      assert.equal((await bench.open(leader.level, 'leader')).state, 'ready');
    });

    test('a database that is not a store is refused and left alone', async (bench) => {
      const level = await bench.level();
      await level.open();
      await level.put(Buffer.from('x'), Buffer.from('somebody else'));
      await level.close();
      await refused('wrong_data', bench.open(level, 'leader'));
      await level.open();
      assert.equal((await level.get(Buffer.from('x')))?.toString(), 'somebody else');
      assert.equal((await level.keys().all()).length, 1);
    });

    test('a leader takes no records, a follower no writes', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      await refused('wrong_data', leader.apply(leader.facts.identity.log!, []));
      await refused('not_leader', follower.collection('c').put('k', 1));
      await refused('not_leader', follower.load([{ op: 'put', collection: 'c', key: 'k', valueText: '1' }]));
    });
  });
}
