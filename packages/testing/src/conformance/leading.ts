import assert from 'node:assert/strict';
import { receivePage, type Store } from '@skein/core';
import { epochCounter, formatPosition, parsePosition, type EpochDocument, type Position } from '@skein/protocol';
import type { Bench, Placed } from './bench.ts';
import { changesIn, follow, overTheWire, recordsOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function leading({ describe, test }: Suite): void {
  describe('an epoch', () => {
    test('begins with a change that says who leads, why, and behind what', async (bench) => {
      const { follower, leader } = await followed(bench);
      const before = leader.store.facts.head;
      const position = await take(follower.store, 2);
      assert.equal(position.offset, before.offset + 1);
      assert.equal(epochCounter(position.epoch), 2);
      const document = (await valueOf(follower.store, '$epochs', '2')) as unknown as EpochDocument;
      const expected = { epoch: position.epoch, node: 'follower', reason: 'promoted', after: formatPosition(before) };
      assert.deepEqual(document, expected);
      assert.deepEqual(follower.store.facts.history.at(-1), { epoch: position.epoch, offsetFirst: position.offset });
      assert.deepEqual(await headOnly(follower), ['$epochs/2']);
    });

    test('says what may be lost by it', async (bench) => {
      const { follower } = await followed(bench);
      const mayBeLost = { after: '4', upTo: 9, members: ['http://a'] };
      await follower.store.leadership.promise({ counter: 7, to: 'follower' });
      await follower.store.leadership.lead({ counter: 7, reason: 'promoted', mayBeLost });
      const document = (await valueOf(follower.store, '$epochs', '7')) as unknown as EpochDocument;
      assert.deepEqual(document.mayBeLost, mayBeLost);
    });

    test('is written in from then on, also after a restart, by the node that began it', async (bench) => {
      const { follower } = await followed(bench);
      const { epoch, offset } = await take(follower.store, 2);
      const { version } = await follower.store.collection('c').put('k', 'new');
      assert.equal(version, `${offset + 1}.${epoch}`);
      const again = await bench.reopen(follower, { takesEitherRole: true });
      assert.equal(again.store.facts.identity.role, 'leader');
      assert.equal((await again.store.collection('c').put('k', 'newer')).position.epoch, epoch);
      // Whoever tidies up behind an attempt does not give up what it has come to.
      await again.store.leadership.release({ counter: 2, to: 'follower' });
      await again.store.collection('c').put('k', 'newest');
    });

    test('is gone on with by those who followed the one before', async (bench) => {
      const { follower, leader } = await followed(bench);
      const sibling = await bench.placeFollower({ node: 'sibling' });
      await follow(leader.store, sibling.store);
      await take(follower.store, 2);
      await follower.store.collection('c').put('k', 'new');
      await follow(follower.store, sibling.store);
      assert.deepEqual(sibling.store.facts.head, follower.store.facts.head);
      assert.deepEqual(sibling.store.facts.history, follower.store.facts.history);
    });

    test('is not begun without the promise of it, nor twice', async (bench) => {
      const { follower } = await followed(bench);
      const { leadership } = follower.store;
      await refused('promise_refused', leadership.lead({ counter: 2, reason: 'promoted' }));
      await leadership.promise({ counter: 2, to: 'somebody' });
      await refused('promise_refused', leadership.lead({ counter: 2, reason: 'promoted' }));
      await take(follower.store, 3);
      await refused('promise_refused', leadership.promise({ counter: 3, to: 'follower-2' }));
      assert.equal((await recordsOf(follower.store)).length, 4);
    });

    test('is not begun by a node that has come to have one of that counter from another', async (bench) => {
      const { follower, leader } = await followed(bench);
      const rival = await bench.placeFollower({ node: 'rival' });
      await follow(leader.store, rival.store);
      await follower.store.leadership.promise({ counter: 2, to: 'follower' });
      await take(rival.store, 2);
      await follow(rival.store, follower.store);
      await refused('promise_refused', follower.store.leadership.lead({ counter: 2, reason: 'promoted' }));
    });

    test('is begun by none that has nothing of a log', async (bench) => {
      const store = await bench.follower({ node: 'empty' });
      await store.leadership.promise({ counter: 2, to: 'empty' });
      await refused('promotion_refused', store.leadership.lead({ counter: 2, reason: 'promoted' }));
    });

    test('is begun or not when the write of it fails, and known when the store is open again', async (bench) => {
      for (const isStored of [false, true]) {
        const { follower } = await followed(bench);
        const { store, faults } = follower;
        await store.leadership.promise({ counter: 2, to: 'follower' });
        faults.failWrite({ isStored });
        await refused('outcome_unknown', store.leadership.lead({ counter: 2, reason: 'promoted' }));
        await until(() => store.state === 'ready');
        assert.equal(store.facts.identity.role, isStored ? 'leader' : 'follower');
        assert.equal(store.facts.history.length, isStored ? 2 : 1);
      }
    });

    test('makes nobody forget what was written while it followed', async (bench) => {
      const { follower, leader } = await followed(bench);
      await take(follower.store, 2);
      await follower.store.collection('c').put('mine', 1);
      await follower.store.leadership.follow();
      await leader.store.leadership.follow();
      await follow(follower.store, leader.store);
      await take(leader.store, 3);
      await leader.store.collection('c').delete('mine');
      await follow(leader.store, follower.store);
      await take(follower.store, 4);
      assert.equal((await follower.store.collection('c').put('mine', 2)).created, true);
    });
  });

  describe('a promise', () => {
    test('is given once, and outlives a restart', async (bench) => {
      const { follower } = await followed(bench);
      const { head } = follower.store.facts;
      assert.deepEqual(await follower.store.leadership.promise({ counter: 5, to: 'a' }), head);
      const { store } = await bench.reopen(follower);
      assert.deepEqual(store.facts.promised, { spent: 5, outstanding: [{ counter: 5, to: 'a' }] });
      assert.deepEqual(await store.leadership.promise({ counter: 5, to: 'a' }), head);
      const refusal = await refused('promise_refused', store.leadership.promise({ counter: 5, to: 'b' }));
      assert.deepEqual(refusal.details, { counter: 5, to: 'a' });
      await refused('promise_refused', store.leadership.promise({ counter: 4, to: 'a' }));
      await store.leadership.promise({ counter: 6, to: 'b' });
    });

    test('is never of an epoch that has been', async (bench) => {
      const { leader } = await followed(bench);
      await refused('promise_refused', leader.store.leadership.promise({ counter: 1, to: 'a' }));
    });

    test('stops a leader, also one that is started again, until it is given back', async (bench) => {
      const { leader } = await followed(bench);
      const writing = leader.store.collection('c').put('k', 'before');
      const head = await leader.store.leadership.promise({ counter: 2, to: 'a' });
      // What was on its way is before where the promise says that the log ends, or was refused.
      const { position } = await writing;
      assert.ok(position.offset <= head.offset);
      await refused('fenced', leader.store.collection('c').put('k', 'behind'));
      const { store } = await bench.reopen(leader);
      await refused('fenced', store.collection('c').put('k', 'behind'));
      await store.leadership.release({ counter: 2, to: 'b' });
      await refused('fenced', store.collection('c').put('k', 'behind'));
      await store.leadership.release({ counter: 2, to: 'a' });
      await store.collection('c').put('k', 'behind');
      await refused('promise_refused', store.leadership.promise({ counter: 2, to: 'a' }));
    });

    test('lets nothing of a lower epoch in', async (bench) => {
      const { leader, follower } = await followed(bench);
      await leader.store.collection('c').put('k', 'more');
      await follower.store.leadership.promise({ counter: 2, to: 'a' });
      await refused('fenced', follow(leader.store, follower.store));
      const sibling = await bench.placeFollower({ node: 'a' });
      await follow(leader.store, sibling.store);
      await take(sibling.store, 2);
      // What is of the lower one comes with what goes on from it, or from who leads with that.
      const log = sibling.store.facts.identity.log!;
      const [lower, higher] = (await recordsOf(sibling.store)).slice(3);
      await refused('fenced', follower.store.apply(log, overTheWire([lower!])));
      await follower.store.apply(log, { ...receivePage(overTheWire([lower!])), leader: higher!.epoch });
      await follow(sibling.store, follower.store);
      assert.deepEqual(follower.store.facts.head, sibling.store.facts.head);
    });

    test('is owed when a higher one is given back, also when that was the node’s own', async (bench) => {
      for (const to of ['b', 'follower']) {
        const { leader, follower } = await followed(bench);
        await leader.store.collection('c').put('k', 'more');
        const { leadership } = follower.store;
        await leadership.promise({ counter: 5, to: 'a' });
        await leadership.promise({ counter: 6, to });
        await refused('fenced', follow(leader.store, follower.store));
        await leadership.release({ counter: 6, to });
        await refused('fenced', follow(leader.store, follower.store));
        await refused('promise_refused', leadership.promise({ counter: 6, to }));
        await leadership.release({ counter: 5, to: 'a' });
        await follow(leader.store, follower.store);
      }
    });

    test('lets no copy and no comparison go past it', async (bench) => {
      const { leader, follower } = await followed(bench);
      await leader.store.collection('c').put('k', 'more');
      const made = await bench.placeFollower({ node: 'follower' });
      await follow(leader.store, made.store);
      await follower.store.leadership.promise({ counter: 2, to: 'a' });
      await refused(
        'fenced',
        follower.store.become(made.store, async () => undefined),
      );
      const { identity, history } = leader.store.facts;
      const fixes = { documents: [], removed: [] };
      const record = (await recordsOf(leader.store)).at(-1)!;
      const move = { log: identity.log!, history, record, fixes, entries: [], isReset: false };
      await refused('fenced', follower.store.move(move));
      assert.equal(follower.store.facts.head.offset, 3);
    });

    test('to itself lets a node fetch what it lacks', async (bench) => {
      const { leader, follower } = await followed(bench);
      await leader.store.collection('c').put('k', 'more');
      await follower.store.leadership.promise({ counter: 2, to: 'follower' });
      await follow(leader.store, follower.store);
      assert.deepEqual(follower.store.facts.head, leader.store.facts.head);
    });

    test('is kept by a store that becomes a copy', async (bench) => {
      const { leader, follower } = await followed(bench);
      const made = await bench.placeFollower({ node: 'follower' });
      await follow(leader.store, made.store);
      await take(made.store, 2);
      await made.store.leadership.follow();
      await follower.store.leadership.promise({ counter: 2, to: 'a' });
      await follower.store.become(made.store, async () => undefined);
      assert.deepEqual(follower.store.facts.promised.outstanding, [{ counter: 2, to: 'a' }]);
      await follower.store.close();
      const again = await bench.open(made.level, 'follower');
      assert.deepEqual(again.facts.promised.outstanding, [{ counter: 2, to: 'a' }]);
    });
  });

  describe('a leader', () => {
    test('with a rival writes no more until it has a higher epoch', async (bench) => {
      const { leader } = await followed(bench);
      await leader.store.leadership.renounce('1-zzzzzzzz');
      await refused('fenced', leader.store.collection('c').put('k', 1));
      const again = await bench.reopen(leader);
      await refused('fenced', again.store.collection('c').put('k', 1));
      await again.store.leadership.promise({ counter: 2, to: 'leader' });
      await refused('fenced', again.store.collection('c').put('k', 1));
      await again.store.leadership.lead({ counter: 2, reason: 'promoted' });
      await again.store.collection('c').put('k', 1);
    });

    test('that follows from now on takes records, and no writes, those that wait neither', async (bench) => {
      const { leader, follower } = await followed(bench);
      await take(follower.store, 2);
      const waiting = [leader.store.leadership.follow(), leader.store.collection('c').put('k', 'late')] as const;
      await waiting[0];
      await refused('not_leader', waiting[1]);
      await follow(follower.store, leader.store);
      assert.deepEqual(leader.store.facts.head, follower.store.facts.head);
      const again = await bench.reopen(leader, { takesEitherRole: true });
      assert.equal(again.store.facts.identity.role, 'follower');
    });
  });
}

/** A leader with three changes, and a follower that has them. */
async function followed(bench: Bench): Promise<{ readonly leader: Placed; readonly follower: Placed }> {
  const leader = await bench.placeLeader({ node: 'leader' });
  const follower = await bench.placeFollower({ node: 'follower' });
  for (let i = 0; i < 3; i++) await leader.store.collection('c').put('k', i);
  await follow(leader.store, follower.store);
  return { leader, follower };
}

async function take({ leadership, facts }: Store, counter: number): Promise<Position> {
  await leadership.promise({ counter, to: facts.identity.node });
  return leadership.lead({ counter, reason: 'promoted' });
}

/** What the last record of a store is of. */
async function headOnly({ store }: Placed): Promise<readonly string[]> {
  const last = (await recordsOf(store)).at(-1)!;
  assert.deepEqual(parsePosition(formatPosition(store.facts.head)), store.facts.head);
  return changesIn([last]).map(({ collection, key }) => `${collection}/${key}`);
}
