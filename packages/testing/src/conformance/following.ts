import assert from 'node:assert/strict';
import { sha256, type Store } from '@skein/core';
import { chainHash, readRecord, recordLines, writeRecordHeader, type RecordView } from '@skein/protocol';
import type { Bench, Placed } from './bench.ts';
import { ALL, entriesOf, follow, overTheWire, recordsOf, refused, valueOf } from './looking.ts';
import type { Suite } from './suite.ts';

export function following({ describe, test }: Suite): void {
  describe('a follower', () => {
    test("has its leader's documents, log and counts, byte for byte", async (bench) => {
      const [leader, follower] = [await bench.placeLeader(), await bench.placeFollower()];
      await busy(leader.store);
      for (const limits of [{ ...ALL, changesMax: 1 }, { ...ALL, changesMax: 7 }, ALL]) {
        await follow(leader.store, follower.store, limits);
        await assertSame(leader, follower);
        await busy(leader.store);
      }
      await follow(leader.store, follower.store);
      await assertSame(leader, await bench.reopen(follower));
    });

    test("has its leader's position after every page, and tells its subscribers", async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      await busy(leader);
      const heads: unknown[] = [];
      follower.subscribe(({ head }) => heads.push(head));
      const records = await recordsOf(leader);
      for (const record of records) {
        assert.deepEqual(await follower.apply(leader.facts.identity.log!, overTheWire([record])), follower.facts.head);
        assert.deepEqual(follower.facts.head, await leader.positionAt(record.offsetLast));
      }
      assert.equal(heads.length, records.length);
      assert.deepEqual([heads.at(-1), follower.facts.headTs], [leader.facts.head, leader.facts.headTs]);
    });

    test('sees a page as a whole or not at all', async (bench) => {
      const [leader, follower] = [await bench.leader(), await bench.follower()];
      for (let i = 1; i <= 40; i++) {
        await leader.commit({
          operations: ['a', 'b'].map((key) => ({ op: 'put', collection: 'c', key, valueText: String(i) })),
        });
      }
      const applying = follow(leader, follower, { ...ALL, changesMax: 3 });
      for (let seen = 0; seen < 40;) {
        const [a, b] = await follower.collection('c').getMany(['a', 'b']);
        assert.equal(a?.value, b?.value);
        seen = (a?.value as number | undefined) ?? 0;
      }
      await applying;
    });

    test('refuses records that leave a gap or come again', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const records = await recordsOf(leader.store);
      await assertRefuses(follower, 'bad_record', () => follower.store.apply(log, records.slice(3)));
      await assertRefuses(follower, 'bad_record', () => follower.store.apply(log, records.slice(1)));
      await assertRefuses(follower, 'bad_record', () => follower.store.apply(log, [records[2]!, records[4]!]));
      await follower.store.apply(log, records.slice(2));
    });

    test('takes of the same records given twice at once one, and one batch at a time', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const [, , third, fourth] = await recordsOf(leader.store);
      const first = follower.store.apply(log, [third!]);
      await Promise.all([refused('bad_record', follower.store.apply(log, [third!])), first]);
      await Promise.all([follower.store.apply(log, [fourth!]), follower.store.trim(3)]);
      assert.equal(follower.faults.writesInFlightMax, 1);
      assert.deepEqual(follower.store.facts.head, await leader.store.positionAt(fourth!.offsetLast));
    });

    test('refuses records of another log', async (bench) => {
      const { leader, follower } = await half(bench);
      const records = (await recordsOf(leader.store)).slice(2);
      await assertRefuses(follower, 'other_log', () => follower.store.apply('another', records));
    });

    test('refuses records that are chained to another history, first or later', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const [, , third, fourth] = await recordsOf(leader.store);
      const strange = remade(third!, { hashBefore: '00000000deadbeef' });
      await assertRefuses(follower, 'diverged', () => follower.store.apply(log, [strange]));
      const unchained = remade(fourth!, { hashBefore: '00000000deadbeef' });
      await assertRefuses(follower, 'diverged', () => follower.store.apply(log, [third!, unchained]));
    });

    test('refuses an epoch that goes back, and takes one that goes on', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const [, , third] = await recordsOf(leader.store);
      for (const epoch of ['0-aaaaaaaa', '1-aaaaaaaa']) {
        await assertRefuses(follower, 'diverged', () => follower.store.apply(log, [remade(third!, { epoch })]));
      }
      await follower.store.apply(log, [remade(third!, { epoch: '2-aaaaaaaa' })]);
      const history = [...leader.store.facts.history, { epoch: '2-aaaaaaaa', offsetFirst: third!.offsetFirst }];
      assert.deepEqual((await bench.reopen(follower)).store.facts.history, history);
    });

    test('refuses every flipped bit of a record, and stores nothing of its page', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const [, , third, fourth] = await recordsOf(leader.store);
      for (let bit = 0; bit < fourth!.bytes.length * 8; bit += 7) {
        const bytes = Buffer.from(fourth!.bytes);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const apply = async () => follower.store.apply(log, [third!, ...parsed(bytes)]);
        const error: unknown = await apply().catch((thrown: unknown) => thrown);
        assert.match((error as { code: string }).code, /^(bad_record|diverged)$/, `bit ${bit}`);
      }
      const cutOff = fourth!.bytes.subarray(0, -1);
      await assertRefuses(follower, 'bad_record', async () => follower.store.apply(log, [third!, ...parsed(cutOff)]));
      await follow(leader.store, follower.store);
      await assertSame(leader, follower);
    });

    test('refuses a header whose offsets its lines do not bear out', async (bench) => {
      const { leader, follower, log } = await half(bench);
      const [, , third] = await recordsOf(leader.store);
      for (const offsetLast of [third!.offsetLast - 1, third!.offsetLast + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        await assertRefuses(follower, 'bad_record', () => follower.store.apply(log, [remade(third!, { offsetLast })]));
      }
    });
  });
}

/** Records of several kinds: documents made, replaced, deleted and made again, in transactions and alone. */
async function busy(store: Store): Promise<void> {
  const [a, b] = [store.collection('a'), store.collection('b')];
  await Promise.all([a.put('k"1"', { v: 1 }), a.put('\u{1f600}\n', [1]), b.increment('n'), b.append('t', 'é')]);
  await store.commit({
    operations: [
      { op: 'put', collection: 'a', key: 'x', valueText: '1' },
      { op: 'put', collection: 'b', key: 'x', valueText: '2' },
      { op: 'delete', collection: 'a', key: 'x' },
    ],
    trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  });
  await a.delete('k"1"');
  await store.load(
    Array.from({ length: 250 }, (_, i) => ({ op: 'put', collection: 'many', key: `k${i}`, valueText: `${i}` })),
  );
}

/** A leader with records of its own, and a follower that has the first two. */
async function half(bench: Bench): Promise<{ leader: Placed; follower: Placed; log: string }> {
  const [leader, follower] = [await bench.placeLeader(), await bench.placeFollower()];
  for (let i = 0; i < 5; i++) {
    await leader.store.load(['a', 'b'].map((key) => ({ op: 'put', collection: 'c', key, valueText: String(i) })));
  }
  const log = leader.store.facts.identity.log!;
  await follower.store.apply(log, (await recordsOf(leader.store)).slice(0, 2));
  return { leader, follower, log };
}

async function assertSame(leader: Placed, follower: Placed): Promise<void> {
  assert.deepEqual(follower.store.facts.head, leader.store.facts.head);
  for (const kind of ['d', 'l'])
    assert.deepEqual(await entriesOf(follower.level, kind), await entriesOf(leader.level, kind));
  assert.deepEqual(await follower.store.collections(), await leader.store.collections());
}

async function assertRefuses(
  { store, level }: Placed,
  code: Parameters<typeof refused>[0],
  apply: () => Promise<unknown>,
): Promise<void> {
  const before = [store.facts, await entriesOf(level, 'd'), await entriesOf(level, 'l')];
  await refused(code, apply());
  assert.deepEqual([store.facts, await entriesOf(level, 'd'), await entriesOf(level, 'l')], before);
  assert.equal(await valueOf(store, 'c', 'a'), 1);
}

/** The same lines under a header that says something else, with a hash that is true. */
function remade(
  record: RecordView,
  changed: Partial<Pick<RecordView, 'hashBefore' | 'epoch' | 'offsetLast'>>,
): RecordView {
  const header = { ...record, ...changed };
  const bytes = Buffer.from(record.bytes);
  writeRecordHeader(bytes, {
    ...header,
    hash: chainHash(sha256, header.hashBefore, header.epoch, recordLines(record)),
  });
  return readRecord(bytes);
}

/** What can be read of the bytes; a record that cannot be read at all would not have come this far. */
function parsed(bytes: Uint8Array): readonly RecordView[] {
  return overTheWire([{ bytes } as RecordView]);
}
