import { SkeinError, type Position } from '@skein/protocol';
import type { CountBook, CountDelta, CountDeltas } from '../counts.ts';
import type { CopiedDocument } from '../copy/receive-lines.ts';
import type { Facts } from '../facts.ts';
import { documentKey } from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { readLog } from '../log/read.ts';
import { putCounts } from '../write/fill-batch.ts';
import { walkRecords } from '../write/walk-records.ts';

/** What another node has that this one should have, and what this one should not. */
export interface Fixes {
  readonly documents: readonly CopiedDocument[];
  readonly removed: readonly { readonly collection: string; readonly key: string }[];
}

/** One of them, ready for a Level batch; null removes. */
interface Fix {
  readonly collection: string;
  readonly levelKey: Buffer;
  readonly stored: Buffer | null;
}

export function listOf({ documents, removed }: Fixes): readonly Fix[] {
  return [
    ...documents,
    ...removed.map(({ collection, key }) => ({ collection, levelKey: documentKey(collection, key), stored: null })),
  ];
}

const CHANGES_AT_ONCE = { changesMax: 5000, bytesMax: 4 * 1024 * 1024 };

/**
 * Leaves out what has changed since the position the fixes are of: the log has led on from there, and what it says of a
 * document is newer than they are.
 */
export async function stillDue(
  level: Level,
  facts: Facts,
  asOf: Position,
  fixes: readonly Fix[],
): Promise<readonly Fix[]> {
  if (asOf.offset > facts.head.offset)
    throw new SkeinError('ahead', `what has changed up to ${asOf.offset} is not here`);
  if (asOf.offset < facts.tail - 1)
    throw new SkeinError('compacted', `what has changed since ${asOf.offset} is no longer known`);
  const due = new Map(fixes.map((fix) => [fix.levelKey.toString('latin1'), fix]));
  for (let after = asOf.offset; after < facts.head.offset && due.size > 0;) {
    const { records } = await readLog(level, facts, after, CHANGES_AT_ONCE);
    for (const { offset, levelKey } of walkRecords(records))
      if (offset > asOf.offset) due.delete(levelKey.toString('latin1'));
    after = records.at(-1)!.offsetLast;
  }
  return [...due.values()];
}

/**
 * Puts them into a batch. The counts of their collections are unknown then: what is not as it should be may have become so
 * behind the back of its count.
 */
export function putFixes(batch: LevelBatch, fixes: readonly Fix[], counts: CountBook): CountDeltas {
  const deltas = new Map<string, CountDelta>();
  for (const { collection, levelKey, stored } of fixes) {
    if (stored === null) batch.del(levelKey);
    else batch.put(levelKey, stored);
    deltas.set(collection, null);
  }
  putCounts(batch, deltas, counts);
  return deltas;
}
