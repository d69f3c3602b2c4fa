import { recordPosition, samePosition, type Position, type RecordView } from '@skein/protocol';
import { recordsAfter } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import { checkContinues, readStoredRecord } from '../log/verify.ts';
import type { Snapshot } from '../snapshot.ts';
import { walkRecords } from '../write/walk-records.ts';

const RECORDS_AT_ONCE = 16;
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * Tells the place of every change behind `after`, up to a snapshot's position, as the snapshot's own log has them. Answers
 * false when that log does not go on from there: it was trimmed above, or is another one. `isEnough` ends it early.
 */
export async function changedPlaces(
  level: Level,
  snapshot: Snapshot,
  after: Position,
  told: {
    readonly onPlace: (place: string) => void;
    readonly isEnough: () => boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<boolean> {
  const iterator = level.iterator({
    ...recordsAfter(after.offset),
    snapshot: snapshot.level,
    highWaterMarkBytes: READ_AHEAD_BYTES,
  } as object);
  let last: RecordView | undefined;
  try {
    for (
      let entries = await iterator.nextv(RECORDS_AT_ONCE);
      entries.length > 0 && !told.isEnough();
      entries = await iterator.nextv(RECORDS_AT_ONCE)
    ) {
      told.signal?.throwIfAborted();
      for (const [key, value] of entries) {
        const record = readStoredRecord(key, value);
        if (last === undefined && !continues(record, after)) return false;
        if (last !== undefined) checkContinues(record, last);
        for (const { levelKey } of walkRecords([record])) told.onPlace(levelKey.toString('latin1', 1));
        last = record;
      }
    }
  } finally {
    await iterator.close();
  }
  return told.isEnough() || samePosition(last === undefined ? after : recordPosition(last), snapshot.position);
}

function continues(record: RecordView, after: Position): boolean {
  return record.offsetFirst === after.offset + 1 && record.hashBefore === after.hash;
}
