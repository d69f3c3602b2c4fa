import { ByName, type DocumentName } from '../by-name.ts';
import { keyBytesOf, parseDocumentKey } from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { putSealed } from '../level/sealed.ts';
import type { Written } from '../write/plan-group.ts';
import { indexedOf } from '../write/plan-operation.ts';
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
  readonly name: DocumentName;
  readonly indexes: readonly Index[];
  readonly levelKey: Buffer;
  /** Known to have been there before the page or not; undefined when nobody has looked. */
  readonly existed: boolean | undefined;
  /** As the page leaves it; null when it deletes it. */
  after: Buffer | null;
}

interface IndexedPage {
  readonly changes: readonly WalkedChange[];
  readonly existed: readonly boolean[] | null;
  /** Documents that are other before the page than the disk has them. */
  readonly underWay: Written;
  readonly book: IndexBook;
}

/**
 * Works out what a page does to the indexes of the collections it changes: for each document the entry it had goes, and the
 * one it has now comes. What it was is read from the store, unless it is known to become another one before the page is
 * written.
 */
export async function planEntries(
  level: Level,
  { changes, existed, underWay, book }: IndexedPage,
): Promise<EntryChanges> {
  if (book.isEmpty) return NO_ENTRIES;
  const rewritten = rewrittenBy(changes, existed, book);
  if (rewritten.length === 0) return NO_ENTRIES;
  const wanted = rewritten.filter(({ existed: was, name }) => was !== false && !underWay.has(name));
  const found = await level.getMany(wanted.map(({ levelKey }) => levelKey));
  const before = new Map(wanted.map((document, i) => [document, found[i]]));
  const added: Buffer[] = [];
  const removed: Buffer[] = [];
  for (const document of rewritten) {
    const { indexes, levelKey, after } = document;
    const other = underWay.get(document.name);
    const was = other === undefined ? readIndexed(levelKey, before.get(document)) : indexedOf(other);
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
): readonly Rewritten[] {
  const documents = new ByName<Rewritten>();
  for (const [i, { collection, levelKey, stored }] of changes.entries()) {
    const indexes = book.of(collection);
    if (indexes.length === 0) continue;
    const name = parseDocumentKey(levelKey);
    const known = documents.get(name);
    if (known === undefined) documents.set(name, { name, indexes, levelKey, existed: existed?.[i], after: stored });
    else known.after = stored;
  }
  return Array.from(documents, ({ value }) => value);
}
