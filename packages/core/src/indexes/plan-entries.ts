import { keyBytesOf } from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { putSealed } from '../level/sealed.ts';
import type { WalkedChange } from '../write/walk-records.ts';
import { entryKeyOf, type Index, type IndexBook } from './index-book.ts';
import { readIndexed } from './read-indexed.ts';

/** What a batch does to the entries of indexes, beside its documents. */
export interface EntryChanges {
  readonly added: readonly Buffer[];
  readonly removed: readonly Buffer[];
}

const NO_ENTRIES: EntryChanges = { added: [], removed: [] };

const NOTHING = Buffer.alloc(0);

/** A document that a page changes, once, however often it does. */
interface Rewritten {
  readonly indexes: readonly Index[];
  readonly levelKey: Buffer;
  /** Known to have been there before the page or not; undefined when nobody has looked. */
  readonly existed: boolean | undefined;
  /** As the page leaves it; null when it deletes it. */
  after: Buffer | null;
}

/**
 * Works out what a page does to the indexes of the collections it changes: for each document the entry it had goes, and the
 * one it has now comes. What it was is read from the store, in one turn with the batch, so nothing comes in between.
 */
export async function planEntries(
  level: Level,
  changes: readonly WalkedChange[],
  existed: readonly boolean[] | null,
  book: IndexBook,
): Promise<EntryChanges> {
  if (book.isEmpty) return NO_ENTRIES;
  const rewritten = [...rewrittenBy(changes, existed, book).values()];
  if (rewritten.length === 0) return NO_ENTRIES;
  const wanted = rewritten.filter((document) => document.existed !== false);
  const found = await level.getMany(wanted.map(({ levelKey }) => levelKey));
  const before = new Map(wanted.map((document, i) => [document, found[i]]));
  const added: Buffer[] = [];
  const removed: Buffer[] = [];
  for (const document of rewritten) {
    const { indexes, levelKey, after } = document;
    const was = readIndexed(levelKey, before.get(document));
    const is = readIndexed(levelKey, after ?? undefined);
    const keyBytes = keyBytesOf(levelKey);
    for (const index of indexes) {
      const had = was === undefined ? undefined : entryKeyOf(index, was, keyBytes);
      const has = is === undefined ? undefined : entryKeyOf(index, is, keyBytes);
      if (had !== undefined && has !== undefined && had.equals(has)) continue;
      if (had !== undefined) removed.push(had);
      if (has !== undefined) added.push(has);
    }
  }
  return { added, removed };
}

export function putEntries(batch: LevelBatch, { added, removed }: EntryChanges): void {
  for (const key of removed) batch.del(key);
  for (const key of added) putSealed(batch, key, NOTHING);
}

function rewrittenBy(
  changes: readonly WalkedChange[],
  existed: readonly boolean[] | null,
  book: IndexBook,
): ReadonlyMap<string, Rewritten> {
  const documents = new Map<string, Rewritten>();
  for (const [i, { collection, levelKey, stored }] of changes.entries()) {
    const indexes = book.of(collection);
    if (indexes.length === 0) continue;
    const id = levelKey.toString('latin1');
    const known = documents.get(id);
    if (known === undefined) documents.set(id, { indexes, levelKey, existed: existed?.[i], after: stored });
    else known.after = stored;
  }
  return documents;
}
