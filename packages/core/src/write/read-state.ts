import { CONFLICTS, formatPlace, TOMBSTONES } from '@skein/protocol';
import type { Document } from '../document.ts';
import type { DocumentReader } from '../documents.ts';
import type { Operation } from './operation.ts';
import type { Current } from './plan-operation.ts';
import type { WriteRequest } from './plan-group.ts';

/** A document by its name. */
export interface DocumentName {
  readonly collection: string;
  readonly key: string;
}

/** The documents a group touches, by their names, as they are stored before it. */
export type StoredState = ReadonlyMap<string, Current>;

/** What is known of documents without asking the disk. */
export interface KnownDocuments {
  /** Undefined when that is not known. */
  isThere(id: string): boolean | undefined;
  /** It is other than the disk has it, and not to be had there. */
  isElsewhere(id: string): boolean;
  /** Whether a write to a collection has to look into what is there. */
  looksBack(collection: string): boolean;
}

/** What the disk is asked for before a group can be decided, by the name of the document. */
export interface Reads {
  /** Known to be there without asking. */
  readonly known: ReadonlySet<string>;
  /** Nothing but whether they are there matters. */
  readonly looked: ReadonlyMap<string, DocumentName>;
  readonly read: ReadonlyMap<string, DocumentName>;
}

/**
 * A put or delete that asks for nothing but to happen needs to know only whether its document is there, which costs half
 * of reading it, and nothing when it was written lately; unless the rules of its collection ask for what was there.
 */
export function planReads(requests: readonly WriteRequest[], documents: KnownDocuments): Reads {
  const known = new Set<string>();
  const looked = new Map<string, DocumentName>();
  const read = new Map<string, DocumentName>();
  for (const { operations } of requests) {
    for (const operation of operations) {
      const id = idOf(operation);
      if (documents.isElsewhere(id)) continue;
      const isBlind = asksForNothing(operation) && !documents.looksBack(operation.collection);
      const isThere = isBlind ? documents.isThere(id) : undefined;
      if (isThere === true) known.add(id);
      else if (isThere === undefined) (isBlind ? looked : read).set(id, operation);
    }
  }
  for (const id of read.keys()) looked.delete(id);
  return { known, looked, read };
}

/** In a mesh, what is written is decided by the stamps of what is there, or of its tombstone; and what has lost before is kept with what loses now. */
export function planMeshReads(requests: readonly WriteRequest[], keepsConflicts: boolean): Reads {
  const read = new Map<string, DocumentName>();
  const note = (name: DocumentName): void => void read.set(idOf(name), name);
  for (const { operations, merges = [] } of requests) {
    for (const name of [...operations, ...merges]) {
      const place = formatPlace(name.collection, name.key);
      note(name);
      if (name.collection !== TOMBSTONES) note({ collection: TOMBSTONES, key: place });
    }
    if (keepsConflicts)
      for (const { collection, key } of merges) note({ collection: CONFLICTS, key: formatPlace(collection, key) });
  }
  return { known: new Set(), looked: new Map(), read };
}

export async function readState(documents: DocumentReader, { known, looked, read }: Reads): Promise<StoredState> {
  const [existing, found] = await Promise.all([
    looked.size === 0 ? [] : documents.hasMany([...looked.values()]),
    read.size === 0 ? [] : documents.getMany([...read.values()]),
  ]);
  const current = new Map<string, Current>();
  for (const id of known) current.set(id, UNREAD);
  let i = 0;
  for (const id of looked.keys()) if (existing[i++] === true) current.set(id, UNREAD);
  i = 0;
  for (const id of read.keys()) {
    const document = found[i++];
    if (document !== undefined) current.set(id, currentOf(document));
  }
  return current;
}

function asksForNothing({ op, condition }: Operation): boolean {
  return condition === undefined && (op === 'put' || op === 'delete');
}

export function idOf({ collection, key }: DocumentName): string {
  return `${collection}\0${key}`;
}

/** A document that is there and that nobody in the group looks into. */
const UNREAD: Current = {
  get version(): never {
    throw new Error('the version of a document was asked for that was not read');
  },
  get ts(): never {
    throw new Error('the time of a document was asked for that was not read');
  },
  valueText: () => {
    throw new Error('the value of a document was asked for that was not read');
  },
  made: () => {
    throw new Error('who made a document was asked for that was not read');
  },
};

function currentOf(document: Document): Current {
  const { version, ts, valueBytes } = document;
  return { version, ts, valueText: () => valueBytes.toString(), made: () => document.made };
}
