import {
  chainHash,
  epochOf,
  readRecord,
  recordLines,
  SkeinError,
  ZERO_HASH,
  type EpochSpan,
  type RecordView,
} from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { sha256 } from '../digest.ts';
import { ALL_RECORDS, recordKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';

const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** A record whose lines have the hash its header claims. */
export function checkHash(record: RecordView): RecordView {
  if (chainHash(sha256, record.hashBefore, record.epoch, recordLines(record)) !== record.hash) {
    throw corrupt(`record ${record.offsetFirst}–${record.offsetLast} fails its hash`);
  }
  return record;
}

/**
 * Walks the whole log and returns its last record. LevelDB skips a bad block of its own log and opens with a hole in the
 * middle, so a store is believed only when its records follow each other without gap, from the tail on, each chained to
 * the one before and each true to its hash.
 */
export async function verifyLog(
  level: Level,
  { tail, history }: { readonly tail: number; readonly history: readonly EpochSpan[] },
): Promise<RecordView | undefined> {
  const iterator = level.iterator({ ...ALL_RECORDS, highWaterMarkBytes: READ_AHEAD_BYTES } as object);
  let last: RecordView | undefined;
  try {
    for (let entries = await iterator.nextv(64); entries.length > 0; entries = await iterator.nextv(64)) {
      for (const [key, value] of entries) {
        const record = readStored(value);
        checkFollows(record, last, tail);
        if (!recordKey(record.offsetLast).equals(key))
          throw corrupt(`record ${record.offsetLast} is stored under another offset`);
        if (epochOf(history, record.offsetFirst) !== record.epoch)
          throw corrupt(`record ${record.offsetLast} is of an epoch the store does not know`);
        last = checkHash(record);
      }
    }
  } finally {
    await iterator.close();
  }
  if (last === undefined && tail !== 1) throw corrupt(`the log is empty and should begin at ${tail}`);
  return last;
}

function readStored(value: Buffer): RecordView {
  try {
    return readRecord(asBuffer(value));
  } catch (error) {
    throw new SkeinError('corrupt', error instanceof Error ? error.message : undefined, {}, error);
  }
}

function checkFollows(record: RecordView, last: RecordView | undefined, tail: number): void {
  const expected = last === undefined ? tail : last.offsetLast + 1;
  if (record.offsetFirst !== expected) throw corrupt(`the log has ${record.offsetFirst} where ${expected} belongs`);
  const isChained = last === undefined ? tail > 1 || record.hashBefore === ZERO_HASH : record.hashBefore === last.hash;
  if (!isChained) throw corrupt(`the record at ${record.offsetFirst} is not chained to the one before`);
}

function corrupt(what: string): SkeinError {
  return new SkeinError('corrupt', what);
}
