import { recordPosition, START, type EpochSpan, type IdempotencyLine, type RecordView } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { encodeJson, lastTs, type Facts } from '../facts.ts';
import {
  ALL_IDEMPOTENCY,
  ALL_IDEMPOTENCY_AGES,
  ALL_RECORDS,
  encodeNumber,
  metaKey,
  recordKey,
} from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { putSealed } from '../level/sealed.ts';
import { receivePage } from '../write/check-received.ts';
import { putEntry } from '../write/idempotency.ts';
import type { Fixes } from './fixes.ts';

/** How a store comes to another position of a history that its own log does not lead to. */
export interface Move {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  /** What the log ends with there, and all of it that is known then; null for an empty log. */
  readonly record: RecordView | null;
  readonly fixes: Fixes;
  readonly entries: readonly IdempotencyLine[];
  /** What was here is of another history: nothing of it counts, the idempotency keys neither. */
  readonly isReset: boolean;
}

/** Puts a log into a batch that is the record and nothing else, and answers what is so once it is written. */
export async function putMove(
  level: Level,
  batch: LevelBatch,
  { log, history, record, entries, isReset }: Move,
  { identity, promised, rival }: Facts,
): Promise<Facts> {
  if (record !== null) receivePage([record]);
  for await (const key of level.keys(ALL_RECORDS)) batch.del(key);
  if (record !== null) batch.put(recordKey(record.offsetLast), asBuffer(record.bytes));
  const tail = record?.offsetFirst ?? 1;
  putSealed(batch, metaKey('tail'), encodeNumber(tail));
  const moved = { ...identity, log };
  putSealed(batch, metaKey('identity'), encodeJson(moved));
  putSealed(batch, metaKey('history'), encodeJson(history));
  // The head that was seen before may be another one, and further on.
  batch.del(metaKey('witness'));
  if (isReset) {
    for (const range of [ALL_IDEMPOTENCY, ALL_IDEMPOTENCY_AGES])
      for await (const key of level.keys(range)) batch.del(key);
  }
  for (const { keyDigest, ...entry } of entries) putEntry(batch, keyDigest, entry);
  return {
    identity: moved,
    history,
    head: record === null ? START : recordPosition(record),
    headTs: record === null ? null : lastTs(record),
    tail,
    promised,
    rival,
  };
}
