import { isSkeinError, type RecordView } from '@skein/protocol';
import { MemoryLevel } from 'memory-level';
import { beforeEach, describe, expect, it } from 'vitest';
import { logOf } from '../../test/log-of.ts';
import { recordKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import { readLog } from './read.ts';
import { verifyLog } from './verify.ts';

const ALL = { changesMax: 1000, bytesMax: 1_000_000 };

describe('a stored log', () => {
  const { records, history, head } = logOf([2, 1, 3, 1], { epochs: 2 });
  let level: Level;

  beforeEach(async () => {
    level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
    for (const record of records) await put(record);
  });

  const put = (record: RecordView, bytes: Uint8Array = record.bytes): Promise<void> =>
    level.put(recordKey(record.offsetLast), Buffer.from(bytes));
  const verify = (tail = 1) => verifyLog(level, { tail, history });

  it('is believed when it is whole, from whichever tail, whatever is left below', async () => {
    expect((await verify())?.hash).toBe(head.hash);
    for (const tail of [3, 4, 7]) expect((await verify(tail))?.hash).toBe(head.hash);
  });

  it('is not believed with any one bit of any record flipped, nor is that record served (D8, D9, D10)', async () => {
    for (const record of records) {
      for (let bit = 0; bit < record.bytes.length * 8; bit++) {
        const bytes = Buffer.from(record.bytes);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        await put(record, bytes);
        await expectCorrupt(verify());
        await expectCorrupt(readLog(level, { history, head }, record.offsetFirst - 1, ALL));
      }
      await put(record);
    }
    await verify();
  });

  it('is not believed with a record missing, but the newest, which only its store can miss', async () => {
    for (const record of records.slice(0, -1)) {
      await level.del(recordKey(record.offsetLast));
      await expectCorrupt(verify());
      await put(record);
    }
  });

  it('is not read across a hole', async () => {
    await level.del(recordKey(records[2]!.offsetLast));
    await expectCorrupt(readLog(level, { history, head }, 0, ALL));
    expect((await readLog(level, { history, head }, 0, { ...ALL, changesMax: 3 })).records.length).toBe(2);
  });

  it('is not believed with a record under the key of another', async () => {
    await level.put(recordKey(records[1]!.offsetLast), Buffer.from(records[0]!.bytes));
    await expectCorrupt(verify());
    await expectCorrupt(readLog(level, { history, head }, 2, ALL));
  });

  it('is not believed with a record of another history, though true in itself', async () => {
    const other = logOf([2, 1, 3, 1], { epochs: 2, valueText: '2' }).records;
    for (const [i, record] of other.entries()) {
      await put(record);
      if (i < other.length - 1) await expectCorrupt(verify());
      await put(records[i]!);
    }
    await put(other[1]!);
    await expectCorrupt(readLog(level, { history, head }, 0, ALL));
  });

  it('is not believed with epochs the store does not know', async () => {
    await expectCorrupt(verifyLog(level, { tail: 1, history: [] }));
    await expectCorrupt(verifyLog(level, { tail: 1, history: [history[0]!] }));
    await expectCorrupt(verifyLog(level, { tail: 1, history: [history[0]!, { ...history[1]!, offsetFirst: 5 }] }));
  });

  it('is not believed when it begins elsewhere than at its tail, or not at all', async () => {
    await expectCorrupt(verify(2));
    await level.del(recordKey(records[0]!.offsetLast));
    await expectCorrupt(verify());
    await level.clear();
    await expectCorrupt(verify(3));
    expect(await verify()).toBeUndefined();
  });

  async function expectCorrupt(read: Promise<unknown>): Promise<void> {
    const error: unknown = await read.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isSkeinError(error, 'corrupt')) expect(error).toBe('corrupt');
  }
});
