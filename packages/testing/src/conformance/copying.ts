import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Copy, receiveLines, type Level, type Operation, type Published, type Snapshot, type Store } from '@skein/core';
import { isSkeinError, type SnapshotCursor, type SnapshotPage } from '@skein/protocol';
import type { Bench } from './bench.ts';
import { DISK_FAILED, FaultyLevel } from './faulty-level.ts';
import { entriesOf, follow, recordsOf, refused, valueOf } from './looking.ts';
import { pageOfLines } from './snapshot-page.ts';
import type { Suite } from './suite.ts';

const COLLECTIONS = ['a', 'ab', 'b'];
const BYTES_MAX = 1024 * 1024;

export function copying({ describe, test }: Suite): void {
  describe('a copy', () => {
    test('is like the store, in pages of any size, left and opened again behind each of them', async (bench) => {
      const leader = await bench.placeLeader();
      await writeAnything(leader.store);
      await leader.store.trim(leader.store.facts.head.offset);
      for (const linesMax of [1, 2, 1000]) {
        const level = await bench.level();
        await copyAll(level, leader.store, linesMax);
        const copied = await finished(bench, level, leader.store);
        await expectAlike(leader, { store: copied, level });
        await expectGoesOn(leader, { store: copied, level });
      }
    });

    test('of several snapshots is of the newest once the log has been replayed', async (bench) => {
      const leader = await bench.placeLeader();
      await writeAnything(leader.store);
      const base = await recordsOf(leader.store);
      const level = await bench.level();
      let copy = await opened(level);
      for (const round of ['first', 'second', 'third']) {
        const snapshot = await leader.store.snapshot();
        for (let pages = 0; pages < 4; pages++) await addPage(copy, snapshot, 2);
        await snapshot.close();
        copy = await openedAgain(copy);
        await writeAround(leader.store, round);
      }
      const newest = await leader.store.snapshot();
      while (!copy.progress!.isComplete) await addPage(copy, newest, 2);
      await newest.close();
      await copy.finish(base.at(-1)!, 'copied');
      const copied = await bench.open(level, 'follower');
      await follow(leader.store, copied, { changesMax: 1, bytesMax: BYTES_MAX });
      await expectAlike(leader, { store: copied, level });
    });

    test('is as far as it says, whichever write fails, and whether it was stored all the same', async (bench) => {
      const leader = await bench.placeLeader();
      await writeAnything(leader.store);
      const snapshot = await leader.store.snapshot();
      const level = await bench.level();
      const faults = new FaultyLevel(level);
      let copy = await opened(level);
      for (let page = 0; copy.progress?.isComplete !== true; page++) {
        faults.failWrite({ skip: page % 3, isStored: page % 2 === 0 });
        await addPage(copy, snapshot, 3).catch((error: unknown) => assert.equal(error, DISK_FAILED));
        await level.close();
        copy = await opened(level);
        const counted = [...(copy.progress?.counts.values() ?? [])].reduce((sum, count) => sum + count, 0);
        assert.equal((await entriesOf(level, 'd')).length, counted);
      }
      await snapshot.close();
      faults.failWrite({ skip: Infinity });
      await expectAlike(leader, { store: await finished(bench, level, leader.store), level });
    });

    test('of an empty store is an empty store', async (bench) => {
      const leader = await bench.placeLeader();
      const level = await bench.level();
      await copyAll(level, leader.store, 10);
      const copy = await opened(level);
      await copy.finish(null, 'copied');
      const copied = await bench.open(level, 'follower');
      assert.deepEqual([copied.facts.head, copied.facts.identity.log], [leader.store.facts.head, logOf(leader.store)]);
      await writeAnything(leader.store);
      await follow(leader.store, copied);
      await expectAlike(leader, { store: copied, level });
    });

    test('is finished with the very record that its first snapshot ends with, or not at all', async (bench) => {
      const [leader, other] = [await bench.leader(), await bench.leader()];
      for (const store of [leader, other]) await writeAnything(store);
      const level = await bench.level();
      await copyAll(level, leader, 1000);
      const copy = await opened(level);
      const wrong = [null, (await recordsOf(leader)).at(-2)!, (await recordsOf(other)).at(-1)!];
      for (const record of wrong) await refused('bad_record', copy.finish(record, 'copied'));
      assert.equal(copy.isFinished, false);
      await refused('wrong_data', bench.open(level, 'follower'));
    });

    test('is nothing that a store can be taken for, nor the other way round', async (bench) => {
      const { store, level } = await bench.placeLeader();
      assert.equal(await Copy.open(level), null);
      await store.collection('a').put('k', 1);
      const other = await bench.level();
      await copyAll(other, store, 1000);
      await refused('wrong_data', bench.open(other, 'follower'));
      await finished(bench, other, store);
      assert.equal((await opened(other)).isFinished, true);
    });
  });

  describe('a store that becomes a copy', () => {
    test('is seen by readers as it was or as it is, and told once', async (bench) => {
      const scene = await sceneOf(bench);
      const { follower, made, leader } = scene;
      const told: Published[] = [];
      follower.subscribe((published) => told.push(published));
      const seen = new Set<string>();
      let isOver = false;
      const reading = Array.from({ length: 4 }, async () => {
        while (!isOver) seen.add(await valuesSeen(follower));
      });
      await follower.become(made, async () => {
        assert.equal(await valuesOf(follower), 'old '.repeat(40));
        assert.deepEqual([told, seen.has('new '.repeat(40))], [[], false]);
      });
      isOver = true;
      await Promise.all(reading);
      seen.delete('refused');
      for (const values of seen) assert.match(values, /^(?:(?:old ){40}|(?:new ){40})$/);
      assert.equal(await valuesOf(follower), 'new '.repeat(40));
      assert.deepEqual(
        told.map(({ isAnew, head, records }) => [isAnew, head, records.length]),
        [[true, leader.store.facts.head, 0]],
      );
      assert.deepEqual([follower.state, made.state], ['ready', 'closed']);
      await expectAlike(leader, { store: follower, level: scene.madeLevel });
      await expectGoesOn(leader, { store: follower, level: scene.madeLevel });
    });

    test('has no slots, and what was pinned of it before is refused', async (bench) => {
      const { follower, made } = await sceneOf(bench);
      await follower.saveSlots(new Map([['f', '{}']]));
      const before = await follower.snapshot();
      await follower.become(made, async () => undefined);
      assert.deepEqual([...(await follower.slots())], []);
      await refused('starting', before.lines(null, { linesMax: 1, bytesMax: 1 }));
      await refused('starting', before.documents.get('a', 'k-0'));
      await before.close();
      await refused('stopping', made.collection('a').get('k-0'));
    });

    test('stays as it was when the step cannot be made durable', async (bench) => {
      const { follower, made, former } = await sceneOf(bench);
      const told: Published[] = [];
      follower.subscribe((published) => told.push(published));
      const failure = new Error('no room for a name');
      await assert.rejects(
        follower.become(made, () => Promise.reject(failure)),
        failure,
      );
      assert.equal(await valuesOf(follower), 'old '.repeat(40));
      assert.deepEqual([follower.state, made.state, told], ['ready', 'ready', []]);
      await former.collection('a').put('k-0', 'later');
      await follow(former, follower);
      assert.equal(await valueOf(follower, 'a', 'k-0'), 'later');
    });

    test('is it also when the database it had cannot be closed', async (bench) => {
      const { follower, made, followerLevel } = await sceneOf(bench);
      const close = followerLevel.close.bind(followerLevel);
      followerLevel.close = () => {
        followerLevel.close = close;
        return Promise.reject(new Error('the disk is gone'));
      };
      await follower.become(made, async () => undefined);
      assert.equal(await valuesOf(follower), 'new '.repeat(40));
    });

    test('comes back through it when it was corrupt', async (bench) => {
      const { follower, made, followerLevel } = await sceneOf(bench);
      for await (const [key, value] of followerLevel.iterator({ gte: Buffer.from('da\0k-7'), limit: 1 }))
        await followerLevel.put(key, Buffer.concat([value, Buffer.from('x')]));
      await refused('corrupt', follower.collection('a').get('k-7'));
      assert.equal(follower.state, 'corrupt');
      await follower.become(made, async () => undefined);
      assert.deepEqual([follower.state, follower.failure], ['ready', null]);
      assert.equal(await valueOf(follower, 'a', 'k-7'), 'new');
    });
  });
}

interface Held {
  readonly store: Store;
  readonly level: Level;
}

/** A follower of one leader, and a copy of another beside it. */
async function sceneOf(bench: Bench) {
  const [former, leader] = [await bench.leader(), await bench.placeLeader()];
  await putMany(former, 'old');
  await putMany(leader.store, 'new');
  const { store: follower, level: followerLevel } = await bench.placeFollower();
  await follow(former, follower);
  const madeLevel = await bench.level();
  await copyAll(madeLevel, leader.store, 1000);
  const made = await finished(bench, madeLevel, leader.store);
  return { former, leader, follower, followerLevel, made, madeLevel };
}

async function putMany(store: Store, value: string): Promise<void> {
  for (let i = 0; i < 40; i++) await store.collection('a').put(`k-${i}`, value);
}

/** All values of a collection, as of one moment. */
async function valuesOf(store: Store): Promise<string> {
  const { documents } = await store.documents.scan('a');
  return documents.map(({ value }) => `${value as string} `).join('');
}

/** The same, by a reader under whom the database may be changed for another. */
async function valuesSeen(store: Store): Promise<string> {
  try {
    return await valuesOf(store);
  } catch (error) {
    if (isSkeinError(error, 'starting')) return 'refused';
    throw error;
  }
}

/** Every kind of change, in several collections, some under idempotency keys. */
async function writeAnything(store: Store): Promise<void> {
  for (const collection of COLLECTIONS) {
    for (let i = 0; i < 5; i++) await store.collection(collection).put(`k/${i} é"`, { i });
    await store.collection(collection).delete('k/2 é"');
  }
  await commitKeyed(store, 'begun-1', [put('b', 'keyed', 1), put('b', 'k/0 é"', 2)]);
  await commitKeyed(store, 'begun-2', [put('a', 'keyed', 1)]);
}

/** What a copy under way has read is changed, and what it has not: made, replaced, and deleted. */
async function writeAround(store: Store, round: string): Promise<void> {
  for (const collection of COLLECTIONS) {
    await commitKeyed(store, `${round}-${collection}`, [
      put(collection, `new-${round}`, 1),
      put(collection, 'k/0 é"', round),
    ]);
    await commitKeyed(store, `${round}-${collection}-again`, [put(collection, 'k/1 é"', round)]);
    await store.collection(collection).delete('k/1 é"');
    await store.collection(collection).put(`gone-${round}`, 1);
    await store.collection(collection).delete(`gone-${round}`);
  }
}

function put(collection: string, key: string, value: unknown): Operation {
  return { op: 'put', collection, key, valueText: JSON.stringify(value) };
}

async function commitKeyed(store: Store, key: string, operations: readonly Operation[]): Promise<void> {
  const keyDigest = createHash('md5').update(key).digest('hex');
  await store.commit({ operations, idempotency: { keyDigest, requestDigest: keyDigest } });
}

async function opened(level: Level): Promise<Copy> {
  const copy = await Copy.open(level);
  assert.ok(copy !== null);
  return copy;
}

/** As after a restart: it must be where it was. */
async function openedAgain(copy: Copy): Promise<Copy> {
  const { progress, level } = copy;
  await level.close();
  const again = await opened(level);
  assert.deepEqual(again.progress, progress);
  return again;
}

async function copyAll(level: Level, from: Store, linesMax: number): Promise<void> {
  const snapshot = await from.snapshot();
  let copy = await opened(level);
  while (copy.progress?.isComplete !== true) {
    await addPage(copy, snapshot, linesMax);
    copy = await openedAgain(copy);
  }
  await snapshot.close();
}

async function addPage(copy: Copy, snapshot: Snapshot, linesMax: number): Promise<void> {
  const page = await pageOf(snapshot, copy.progress?.after ?? null, linesMax);
  await copy.add(page.header, { next: page.trailer.next, lines: receiveLines(page) });
}

/** A page of a snapshot as it arrives. */
async function pageOf(snapshot: Snapshot, after: SnapshotCursor | null, linesMax: number): Promise<SnapshotPage> {
  const { lines, next } = await snapshot.lines(after, { linesMax, bytesMax: BYTES_MAX });
  return pageOfLines(snapshot, lines, next);
}

async function finished(bench: Bench, level: Level, from: Store): Promise<Store> {
  const copy = await opened(level);
  await copy.finish((await recordsOf(from)).at(-1) ?? null, 'copied');
  return bench.open(level, 'follower');
}

function logOf(store: Store): string | null {
  return store.facts.identity.log;
}

/** Documents, positions, what repeats would be answered, counts: nothing tells the two apart. */
async function expectAlike(leader: Held, copied: Held): Promise<void> {
  const factsOf = ({ facts: { identity, head, headTs, history } }: Store) => [identity.log, head, headTs, history];
  assert.deepEqual(factsOf(copied.store), factsOf(leader.store));
  assert.deepEqual(await linesOf(copied.store), await linesOf(leader.store));
  for (const kind of ['d', 'j'])
    assert.deepEqual(await entriesOf(copied.level, kind), await entriesOf(leader.level, kind));
  assert.deepEqual(await copied.store.collections(), await leader.store.collections());
  assert.deepEqual((await copied.store.scrub()).problems, []);
}

/** Documents and what is remembered of idempotency keys, as a third node would get them. */
async function linesOf(store: Store): Promise<readonly string[]> {
  const snapshot = await store.snapshot();
  const { lines } = await snapshot.lines(null, { linesMax: 1000, bytesMax: BYTES_MAX });
  await snapshot.close();
  return lines.map(String);
}

async function expectGoesOn(leader: Held, copied: Held): Promise<void> {
  await writeAround(leader.store, `behind ${copied.store.facts.head.offset}`);
  await follow(leader.store, copied.store);
  await expectAlike(leader, copied);
}
