import { epochOf, START, type EpochSpan, type RecordView } from '@skein/protocol';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { recordKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import { logOf } from '../../test/log-of.ts';
import { readLog, sliceRecords, type LogSlice } from './read.ts';
import { RecentRecords } from './recent.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
const limits = fc.record({ changesMax: fc.integer({ min: 1, max: 20 }), bytesMax: fc.integer({ min: 1, max: 4000 }) });

describe('a slice of the log', () => {
  it('holds what it should: all behind the offset, in whole records, until a limit is passed', async () => {
    await forEachSlice(async ({ slice, after, records, given }) => {
      const behind = records.filter(({ offsetLast }) => offsetLast > after);
      expect(slice.records.map(({ hash }) => hash)).toStrictEqual(
        behind.slice(0, slice.records.length).map(({ hash }) => hash),
      );
      const isFull = (taken: readonly RecordView[]): boolean => {
        const changes = taken.length === 0 ? 0 : taken.at(-1)!.offsetLast - Math.max(after, taken[0]!.offsetFirst - 1);
        return changes >= given.changesMax || bytesOf(taken) >= given.bytesMax;
      };
      expect(slice.records.length === behind.length || isFull(slice.records)).toBe(true);
      expect(isFull(slice.records.slice(0, -1))).toBe(false);
    });
  });

  it('says what stands at its offset as the record there does', async () => {
    await forEachSlice(async ({ slice, after, records, tail, history }) => {
      const at = records.find(({ offsetFirst, offsetLast }) => offsetFirst <= after && after <= offsetLast);
      if (slice.records.length === 0) expect(slice.held).toBeUndefined();
      else if (after === 0) expect(slice.held).toStrictEqual(START);
      else if (after < tail - 1) expect(slice.held).toBeUndefined();
      else
        expect(slice.held).toStrictEqual({
          offset: after,
          epoch: epochOf(history, after),
          hash: at?.hash ?? records[0]!.hashBefore,
        });
    });
  });

  it('is the same from memory, where memory reaches', async () => {
    await forEachSlice(async ({ slice, after, records, given, history }) => {
      for (const kept of [records, records.slice(1), records.slice(-1)]) {
        const recent = new RecentRecords();
        recent.push(kept);
        const found = recent.from(after);
        if (kept.length === 0 || after + 1 < kept[0]!.offsetFirst) {
          expect(found).toBeUndefined();
          continue;
        }
        const fromMemory = sliceRecords(found!, history, after, given);
        expect(fromMemory.records.map(({ hash }) => hash)).toStrictEqual(slice.records.map(({ hash }) => hash));
        expect(fromMemory.held).toStrictEqual(slice.held);
      }
    });
  });
});

describe('recent records', () => {
  it('stay within their bounds and drop the oldest first', () => {
    const recent = new RecentRecords();
    const { records } = logOf(Array<number>(600).fill(1));
    for (const record of records) recent.push([record]);
    expect(recent.from(87)).toBeUndefined();
    expect(recent.from(88)?.length).toBe(512);
    expect(recent.from(600)).toStrictEqual([]);
    recent.clear();
    expect(recent.from(600)).toBeUndefined();
  });

  it('are never more than 4 MiB, and may be none', () => {
    const recent = new RecentRecords();
    const { records } = logOf(Array<number>(6).fill(1), { valueText: JSON.stringify('x'.repeat(1024 * 1024)) });
    recent.push(records);
    expect(bytesOf(recent.from(5)!)).toBeGreaterThan(0);
    expect(recent.from(2)).toBeUndefined();
    const huge = logOf([6], { valueText: JSON.stringify('x'.repeat(1024 * 1024)) });
    recent.clear();
    recent.push(huge.records);
    expect(recent.from(5)).toBeUndefined();
  });
});

interface Sliced {
  readonly slice: LogSlice;
  readonly after: number;
  /** What the log keeps. */
  readonly records: readonly RecordView[];
  readonly tail: number;
  readonly history: readonly EpochSpan[];
  readonly given: { readonly changesMax: number; readonly bytesMax: number };
}

/** Slices of logs of several shapes and epochs, some with their oldest records trimmed. */
async function forEachSlice(check: (sliced: Sliced) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(sizes, limits, fc.nat(), fc.nat(3), async (given, limit, afterSeed, trimmed) => {
    const { records: all, history, head } = logOf(given, { epochs: 2 });
    const records = all.slice(Math.min(trimmed, all.length - 1));
    const level: Level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
    for (const record of records) await level.put(recordKey(record.offsetLast), Buffer.from(record.bytes));
    const after = afterSeed % (head.offset + 2);
    const slice = await readLog(level, { history, head }, after, limit);
    await check({ slice, after, records, tail: records[0]!.offsetFirst, history, given: limit });
  });
  await fc.assert(property, { numRuns: 300 });
}

function bytesOf(records: readonly RecordView[]): number {
  return records.reduce((bytes, record) => bytes + record.bytes.length, 0);
}
