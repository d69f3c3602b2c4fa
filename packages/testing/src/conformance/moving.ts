import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Move, Operation, Published, Store } from '@skein/core';
import type { Bench, Placed } from './bench.ts';
import { entriesIn, fixesOf } from './fixes.ts';
import { entriesOf, follow, listOf, overTheWire, recordsOf, refused, until, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

const NAMES = ['gone', 'k0', 'k1', 'k2', 'new'].map((key) => ({ collection: 'c', key }));

export function moving({ describe, test }: Suite): void {
  describe('a move', () => {
    test('leads to a position whose log is gone, and the log goes on from there', async (bench) => {
      const { leader, follower } = await apart(bench);
      await refused('bad_record', follower.store.apply(logOf(leader), overTheWire(await recordsOf(leader))));
      await follower.store.move(await moveTo(leader));
      await expectAlike(leader, follower);
      assert.equal((await entriesOf(follower.level, 'l')).length, 1);
      await expectGoesOn(leader, follower);
    });

    test('is there after a restart', async (bench) => {
      const { leader, follower } = await apart(bench);
      await follower.store.move(await moveTo(leader));
      const again = await bench.reopen(follower);
      await expectAlike(leader, again);
      await expectGoesOn(leader, again);
    });

    test('brings what is remembered of idempotency keys, and keeps what was', async (bench) => {
      const { leader, follower } = await apart(bench);
      await follower.store.move(await moveTo(leader));
      for (const kind of ['i', 'j'])
        assert.deepEqual((await entriesOf(follower.level, kind)).length, 2, `entries ${kind}`);
    });

    test('back to what another history has forgets the idempotency keys of its own', async (bench) => {
      const { follower } = await apart(bench);
      const other = await bench.leader();
      await other.collection('c').put('k0', 'of another history');
      await commitKeyed(other, 'other', [put('k1', 'too')]);
      assert.ok(other.facts.head.offset < follower.store.facts.head.offset);
      await follower.store.move({ ...(await moveTo(other)), isReset: true });
      await expectAlike(other, follower);
      assert.equal((await entriesOf(follower.level, 'i')).length, 1);
      await expectGoesOn(other, follower);
      await expectAlike(other, await bench.reopen(follower));
    });

    test('to an empty log leaves nothing', async (bench) => {
      const { follower } = await apart(bench);
      const empty = await bench.leader();
      await follower.store.move({ ...(await moveTo(empty)), log: logOf(empty), isReset: true });
      assert.deepEqual(await listOf(follower.store, 'c'), []);
      for (const kind of ['d', 'l', 'i', 'j']) assert.deepEqual(await entriesOf(follower.level, kind), []);
      await expectGoesOn(empty, follower);
    });

    test('is seen by readers as it was or as it is, and told once', async (bench) => {
      const { leader, follower } = await apart(bench);
      const told: Published[] = [];
      follower.store.subscribe((published) => told.push(published));
      const [before, after] = [await listOf(follower.store, 'c'), await listOf(leader, 'c')];
      const held = await follower.store.snapshot();
      const seen = new Set<string>();
      let isOver = false;
      const reading = (async () => {
        for (; !isOver; await aMoment()) seen.add((await listOf(follower.store, 'c')).join(' '));
      })();
      await until(() => seen.size > 0);
      await follower.store.move(await moveTo(leader));
      isOver = true;
      await reading;
      for (const list of seen) assert.ok(list === before.join(' ') || list === after.join(' '), list);
      assert.deepEqual(await listOf(held, 'c'), before);
      await held.close();
      assert.deepEqual(told, [{ records: [], head: leader.facts.head, tookMs: 0, isAnew: true }]);
    });

    test('whose outcome is unknown is found when it came through, and otherwise did not happen', async (bench) => {
      for (const isStored of [true, false]) {
        const { leader, follower } = await apart(bench);
        const before = { facts: follower.store.facts, list: await listOf(follower.store, 'c') };
        const told: Published[] = [];
        follower.store.subscribe((published) => told.push(published));
        follower.faults.failWrite({ isStored });
        const move = await moveTo(leader);
        await refused('outcome_unknown', follower.store.move(move));
        await until(() => follower.store.state === 'ready');
        assert.deepEqual(
          told.map(({ isAnew, head }) => [isAnew, head]),
          isStored ? [[true, leader.facts.head]] : [],
        );
        if (!isStored) {
          assert.deepEqual({ facts: follower.store.facts, list: await listOf(follower.store, 'c') }, before);
          await follower.store.move(move);
        }
        await expectAlike(leader, follower);
        await expectGoesOn(leader, follower);
      }
    });

    test('with a record that is not true to its hash is refused', async (bench) => {
      const { leader, follower } = await apart(bench);
      const { record, ...move } = await moveTo(leader);
      const bytes = Buffer.from(record!.bytes);
      bytes.writeUInt8(bytes.at(-3)! ^ 1, bytes.length - 3);
      await refused('bad_record', follower.store.move({ ...move, record: { ...record!, bytes } }));
      await follower.store.move({ ...move, record });
      await expectAlike(leader, follower);
    });

    test('is not for a leader', async (bench) => {
      const { leader } = await apart(bench);
      await refused('wrong_data', leader.move(await moveTo(leader)));
    });
  });
}

/** A follower that was away while its leader changed, deleted and made documents, and forgot how. */
async function apart(bench: Bench): Promise<{ leader: Store; follower: Placed }> {
  const leader = await bench.leader();
  const follower = await bench.placeFollower();
  for (const key of ['gone', 'k0', 'k1', 'k2']) await leader.collection('c').put(key, 'old');
  await commitKeyed(leader, 'before', [put('k0', 'keyed')]);
  await follow(leader, follower.store);
  await leader.collection('c').delete('gone');
  await leader.collection('c').put('k1', 'changed');
  await commitKeyed(leader, 'after', [put('k2', 'changed'), put('new', 1)]);
  await leader.trim(leader.facts.head.offset);
  return { leader, follower };
}

/** What a follower is told that moves to where a store is. */
async function moveTo(leader: Store): Promise<Move> {
  const { fixes } = await fixesOf(leader, NAMES);
  const snapshot = await leader.snapshot();
  const entries = await entriesIn(snapshot);
  await snapshot.close();
  const record = (await recordsOf(leader)).at(-1) ?? null;
  return { log: logOf(leader), history: leader.facts.history, record, fixes, entries, isReset: false };
}

/** Lets others have a turn: a database in memory never waits by itself. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function logOf(store: Store): string {
  return store.facts.identity.log!;
}

function put(key: string, value: unknown): Operation {
  return { op: 'put', collection: 'c', key, valueText: JSON.stringify(value) };
}

async function commitKeyed(store: Store, key: string, operations: readonly Operation[]): Promise<void> {
  const keyDigest = createHash('md5').update(key).digest('hex');
  await store.commit({ operations, idempotency: { keyDigest, requestDigest: keyDigest } });
}

async function expectAlike(leader: Store, { store }: Pick<Placed, 'store'>): Promise<void> {
  const factsOf = ({ facts: { identity, head, headTs, history } }: Store) => [identity.log, head, headTs, history];
  assert.deepEqual(factsOf(store), factsOf(leader));
  const list = await listOf(leader, 'c');
  assert.deepEqual(await listOf(store, 'c'), list);
  assert.deepEqual(await store.collections(), await leader.collections());
  assert.deepEqual(await store.scrub(), { documents: list.length, problems: [], untrueIndexes: [] });
}

async function expectGoesOn(leader: Store, follower: Pick<Placed, 'store'>): Promise<void> {
  await leader.collection('c').put('k1', 'next');
  await leader.collection('c').put('another', 1);
  await follow(leader, follower.store);
  assert.equal(await valueOf(follower.store, 'c', 'k1'), 'next');
  await expectAlike(leader, follower);
}
