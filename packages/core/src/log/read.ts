import {
  epochOf,
  readRecord,
  SkeinError,
  START,
  type EpochSpan,
  type Position,
  type RecordView,
} from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { recordsAfter } from '../level/layout.ts';
import type { Level, LevelSnapshot } from '../level/level.ts';
import { checkHash } from './verify.ts';

export interface LogReadLimits {
  readonly changesMax: number;
  readonly bytesMax: number;
}

/** Records of the log from one offset on, each proven by its hash. */
export interface LogSlice {
  readonly records: readonly RecordView[];
  /** What the log holds at the offset the slice begins behind; undefined when that cannot be told from the slice. */
  readonly held: Position | undefined;
}

/**
 * Reads the record that holds the change behind `after`, and those that follow, until either limit is passed. The first
 * record may begin before `after`: it is the one that holds it.
 */
export async function readLog(
  level: Level,
  history: readonly EpochSpan[],
  after: number,
  limits: LogReadLimits,
): Promise<LogSlice> {
  const records: RecordView[] = [];
  const iterator = level.values({ ...recordsAfter(after), highWaterMarkBytes: limits.bytesMax } as object);
  let changes = 0;
  let bytes = 0;
  try {
    while (changes < limits.changesMax && bytes < limits.bytesMax) {
      const values = await iterator.nextv(Math.min(64, limits.changesMax - changes));
      if (values.length === 0) break;
      for (const value of values) {
        if (changes >= limits.changesMax || bytes >= limits.bytesMax) break;
        const record = checkHash(readRecord(asBuffer(value)));
        changes += record.offsetLast - Math.max(record.offsetFirst - 1, after);
        bytes += record.bytes.length;
        records.push(record);
      }
    }
  } finally {
    await iterator.close();
  }
  return { records, held: records.length === 0 ? undefined : heldBefore(records[0]!, history, after) };
}

/** The position at `offset`, as the record behind or around it tells. */
function heldBefore(record: RecordView, history: readonly EpochSpan[], offset: number): Position | undefined {
  if (offset === 0) return START;
  if (record.offsetFirst <= offset) return { offset, epoch: record.epoch, hash: record.hash };
  if (record.offsetFirst === offset + 1) return { offset, epoch: epochOf(history, offset), hash: record.hashBefore };
  return undefined;
}

/** The newest record of the log, as of a snapshot. */
export async function lastRecord(level: Level, snapshot?: LevelSnapshot): Promise<RecordView | undefined> {
  const range = { ...recordsAfter(-1), reverse: true, limit: 1 };
  for await (const value of level.values(snapshot === undefined ? range : { ...range, snapshot })) {
    return checkHash(readRecord(asBuffer(value)));
  }
  return undefined;
}

/** The record that holds an offset; the log must still keep it. */
export async function recordHolding(level: Level, offset: number): Promise<RecordView> {
  for await (const value of level.values({ ...recordsAfter(offset - 1), limit: 1 })) {
    const record = checkHash(readRecord(asBuffer(value)));
    if (record.offsetFirst <= offset) return record;
  }
  throw new SkeinError('compacted', `the change at offset ${offset} is no longer kept`);
}
