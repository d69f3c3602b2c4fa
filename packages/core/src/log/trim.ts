import type { Position } from '@skein/protocol';
import { encodeNumber, metaKey, recordsAfter, recordsBelow } from '../level/layout.ts';
import { SYNCED, type Level } from '../level/level.ts';
import { putSealed } from '../level/sealed.ts';
import { readStoredRecord } from './verify.ts';
import { putWitness } from './witness.ts';

const DELETES_PER_BATCH = 1000;

/**
 * The tail a log may be trimmed to: the greatest start of a record that is not above `tailWanted`. The newest record is
 * never trimmed, so there is always something for the chain to hang on.
 */
export async function trimmableTail(level: Level, tail: number, tailWanted: number): Promise<number> {
  let trimmed = tail;
  for await (const [key, value] of level.iterator(recordsAfter(tail - 1))) {
    const { offsetFirst } = readStoredRecord(key, value);
    if (offsetFirst > tailWanted) break;
    trimmed = offsetFirst;
  }
  return trimmed;
}

/** Makes the new tail durable. Only then may anything below it go. */
export async function storeTail(level: Level, tail: number, head: Position): Promise<void> {
  const batch = level.batch();
  putWitness(batch, head);
  putSealed(batch, metaKey('tail'), encodeNumber(tail));
  await batch.write(SYNCED);
}

/** Deletes records below the tail; what a crash leaves of them is deleted at the next opening. */
export async function removeTrimmed(level: Level, tail: number): Promise<void> {
  for (;;) {
    const keys = await level.keys({ ...recordsBelow(tail), limit: DELETES_PER_BATCH }).all();
    if (keys.length === 0) return;
    const batch = level.batch();
    for (const key of keys) batch.del(key);
    await batch.write(SYNCED);
  }
}
