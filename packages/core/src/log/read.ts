import { epochOf, SkeinError, START, type EpochSpan, type Position, type RecordView } from '@skein/protocol';
import { recordKey, recordsAfter } from '../level/layout.ts';
import type { Level, LevelSnapshot } from '../level/level.ts';
import { checkContinues, readStoredRecord } from './verify.ts';

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
 * record may begin before `after`: it is the one that holds it. Nothing above the head is read: what Level may already
 * show of a batch in flight is not known to be durable.
 */
export async function readLog(
  level: Level,
  { history, head }: { readonly history: readonly EpochSpan[]; readonly head: Position },
  after: number,
  limits: LogReadLimits,
): Promise<LogSlice> {
  const taker = new RecordTaker(after, limits);
  const range = { gte: recordKey(after + 1), lte: recordKey(head.offset) };
  const iterator = level.iterator({ ...range, highWaterMarkBytes: READ_AHEAD_BYTES } as object);
  try {
    while (!taker.isFull) {
      const entries = await iterator.nextv(RECORDS_AT_ONCE);
      if (entries.length === 0) break;
      for (const [key, value] of entries) if (!taker.isFull) taker.takeStored(key, value);
    }
    // The last record read, too: reading nothing in its place lets go of it.
    iterator.seek(recordKey(head.offset + 1));
    await iterator.nextv(1);
  } finally {
    await iterator.close();
  }
  return sliceOf(taker.records, history, after);
}

/** The same from records already in memory, and already proven. */
export function sliceRecords(
  records: readonly RecordView[],
  history: readonly EpochSpan[],
  after: number,
  limits: LogReadLimits,
): LogSlice {
  const taker = new RecordTaker(after, limits);
  for (const record of records) if (!taker.isFull) taker.take(record);
  return sliceOf(taker.records, history, after);
}

const RECORDS_AT_ONCE = 64;

/**
 * Many small records come at once, large ones one by one. What an iterator has read last it keeps until it is collected,
 * and the collector knows nothing of native memory: so it is little.
 */
const READ_AHEAD_BYTES = 64 * 1024;

class RecordTaker {
  readonly records: RecordView[] = [];
  readonly #after: number;
  readonly #limits: LogReadLimits;
  #changes = 0;
  #bytes = 0;

  constructor(after: number, limits: LogReadLimits) {
    this.#after = after;
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#changes >= this.#limits.changesMax || this.#bytes >= this.#limits.bytesMax;
  }

  takeStored(key: Buffer, value: Buffer): void {
    const record = readStoredRecord(key, value);
    const last = this.records.at(-1);
    if (last !== undefined) checkContinues(record, last);
    this.take(record);
  }

  take(record: RecordView): void {
    this.#changes += record.offsetLast - Math.max(record.offsetFirst - 1, this.#after);
    this.#bytes += record.bytes.length;
    this.records.push(record);
  }
}

function sliceOf(records: readonly RecordView[], history: readonly EpochSpan[], after: number): LogSlice {
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
  for await (const [key, value] of level.iterator(snapshot === undefined ? range : { ...range, snapshot })) {
    return readStoredRecord(key, value);
  }
  return undefined;
}

/** The record that holds an offset; the log must still keep it. */
export async function recordHolding(level: Level, offset: number): Promise<RecordView> {
  for await (const [key, value] of level.iterator({ ...recordsAfter(offset - 1), limit: 1 })) {
    const record = readStoredRecord(key, value);
    if (record.offsetFirst <= offset) return record;
  }
  throw new SkeinError('compacted', `the change at offset ${offset} is no longer kept`);
}
