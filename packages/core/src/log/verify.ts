import {
  chainHash,
  epochOf,
  LineReader,
  readRecord,
  RECORD_HEADER_BYTES,
  recordLines,
  SkeinError,
  ZERO_HASH,
  type EpochSpan,
  type RecordView,
} from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { sha256 } from '../digest.ts';
import { recordKey, recordsAfter } from '../level/layout.ts';
import type { Level, LevelSnapshot } from '../level/level.ts';

const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** A record whose lines have the hash its header claims. */
export function checkHash(record: RecordView): RecordView {
  if (chainHash(sha256, record.hashBefore, record.epoch, recordLines(record)) !== record.hash) {
    throw corrupt(`record ${record.offsetFirst}–${record.offsetLast} fails its hash`);
  }
  return record;
}

const reader = new LineReader();

/**
 * Reads a record as stored and proves it: its lines by the hash, its offsets, which the hash does not cover, by the key
 * it stands under and by its first line.
 */
export function readStoredRecord(key: Buffer, value: Buffer): RecordView {
  const record = checkHash(asCorrupt(() => readRecord(asBuffer(value))));
  if (!recordKey(record.offsetLast).equals(key))
    throw corrupt(`record ${record.offsetLast} is stored under another offset`);
  const firstEnd = asBuffer(record.bytes).indexOf('\n', RECORD_HEADER_BYTES);
  asCorrupt(() => reader.read(record.bytes, RECORD_HEADER_BYTES, Math.max(firstEnd, RECORD_HEADER_BYTES)));
  if (reader.offset !== record.offsetFirst)
    throw corrupt(`record ${record.offsetFirst}–${record.offsetLast} begins with the line of ${reader.offset}`);
  return record;
}

/** What is malformed in a store was not written so. */
function asCorrupt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SkeinError('corrupt', error instanceof Error ? error.message : undefined, {}, error);
  }
}

export interface VerifyOptions {
  readonly snapshot?: LevelSnapshot;
  /** Given each record once it is proven. */
  readonly onRecord?: (record: RecordView) => Promise<void> | void;
}

/**
 * Walks the log from its tail on and returns its last record. What a trim has left below the tail does not count.
 *
 * LevelDB skips a bad block of its own log and opens with a hole in the middle, so a store is believed only when its
 * records follow each other without gap, each chained to the one before and each true to its hash.
 */
export async function verifyLog(
  level: Level,
  { tail, history }: { readonly tail: number; readonly history: readonly EpochSpan[] },
  { snapshot, onRecord }: VerifyOptions = {},
): Promise<RecordView | undefined> {
  const iterator = level.iterator({
    ...recordsAfter(tail - 1),
    ...(snapshot === undefined ? {} : { snapshot }),
    highWaterMarkBytes: READ_AHEAD_BYTES,
  } as object);
  let last: RecordView | undefined;
  try {
    for (let entries = await iterator.nextv(64); entries.length > 0; entries = await iterator.nextv(64)) {
      for (const [key, value] of entries) {
        const record = readStoredRecord(key, value);
        checkFollows(record, last, tail);
        if (history.length === 0 || epochOf(history, record.offsetFirst) !== record.epoch)
          throw corrupt(`record ${record.offsetLast} is of an epoch the store does not know`);
        await onRecord?.(record);
        last = record;
      }
    }
  } finally {
    await iterator.close();
  }
  if (last === undefined && tail !== 1) throw corrupt(`the log is empty and should begin at ${tail}`);
  return last;
}

function checkFollows(record: RecordView, last: RecordView | undefined, tail: number): void {
  if (last !== undefined) return checkContinues(record, last);
  checkBegins(record, tail);
  if (tail === 1 && record.hashBefore !== ZERO_HASH) throw unchained(record);
}

/** That a record is the one that comes after another. */
export function checkContinues(record: RecordView, last: RecordView): void {
  checkBegins(record, last.offsetLast + 1);
  if (record.hashBefore !== last.hash) throw unchained(record);
}

function checkBegins(record: RecordView, expected: number): void {
  if (record.offsetFirst !== expected) throw corrupt(`the log has ${record.offsetFirst} where ${expected} belongs`);
}

function unchained(record: RecordView): SkeinError {
  return corrupt(`the record at ${record.offsetFirst} is not chained to the one before`);
}

function corrupt(what: string): SkeinError {
  return new SkeinError('corrupt', what);
}
