import { CONFLICTS, formatPlace, TOMBSTONES } from '@skein/protocol';
import { ByName, type DocumentName, type ReadonlyByName } from '../by-name.ts';
import type { Document } from '../document.ts';
import type { DocumentReader } from '../documents.ts';
import type { Operation } from './operation.ts';
import type { Current } from './plan-operation.ts';
import type { WriteRequest } from './plan-group.ts';

/** The documents a group touches, as they are stored before it. */
export type StoredState = ReadonlyByName<Current>;

/** What is known of documents without asking the disk. */
export interface KnownDocuments {
  /** Undefined when that is not known. */
  isThere(name: DocumentName): boolean | undefined;
  /** It is other than the disk has it, and not to be had there. */
  isElsewhere(name: DocumentName): boolean;
  /** Whether a write to a collection has to look into what is there. */
  looksBack(collection: string): boolean;
}

/** What the disk is asked for before a group can be decided; each document once. */
export interface Reads {
  /** Known to be there without asking. */
  readonly known: readonly DocumentName[];
  /** Nothing but whether they are there matters. */
  readonly looked: readonly DocumentName[];
  readonly read: readonly DocumentName[];
}

/**
 * A put or delete that asks for nothing but to happen needs to know only whether its document is there, which costs half
 * of reading it, and nothing when it was written lately; unless the rules of its collection ask for what was there.
 */
export function planReads(requests: readonly WriteRequest[], documents: KnownDocuments): Reads {
  const wanted = new ByName<keyof Reads | null>();
  for (const { operations } of requests) {
    for (const operation of operations) {
      const isBlind = asksForNothing(operation) && !documents.looksBack(operation.collection);
      if (isBlind && wanted.has(operation)) continue;
      if (documents.isElsewhere(operation)) continue;
      wanted.set(operation, isBlind ? wantedOf(documents.isThere(operation)) : 'read');
    }
  }
  const reads = { known: [] as DocumentName[], looked: [] as DocumentName[], read: [] as DocumentName[] };
  for (const { collection, key, value } of wanted) if (value !== null) reads[value].push({ collection, key });
  return reads;
}

/** Of a document that is known not to be there nothing is wanted. */
function wantedOf(isThere: boolean | undefined): 'known' | 'looked' | null {
  if (isThere === undefined) return 'looked';
  return isThere ? 'known' : null;
}

/** In a mesh, what is written is decided by the stamps of what is there, or of its tombstone; and what has lost before is kept with what loses now. */
export function planMeshReads(requests: readonly WriteRequest[], keepsConflicts: boolean): Reads {
  const read = new ByName<true>();
  for (const { operations, merges = [] } of requests) {
    for (const name of [...operations, ...merges]) {
      const place = formatPlace(name.collection, name.key);
      read.set(name, true);
      if (name.collection !== TOMBSTONES) read.set({ collection: TOMBSTONES, key: place }, true);
    }
    if (keepsConflicts)
      for (const { collection, key } of merges)
        read.set({ collection: CONFLICTS, key: formatPlace(collection, key) }, true);
  }
  return { known: [], looked: [], read: [...read] };
}

export async function readState(documents: DocumentReader, { known, looked, read }: Reads): Promise<StoredState> {
  const [existing, found] = await Promise.all([
    looked.length === 0 ? [] : documents.hasMany(looked),
    read.length === 0 ? [] : documents.getMany(read),
  ]);
  const current = new ByName<Current>();
  for (const name of known) current.set(name, UNREAD);
  for (const [i, name] of looked.entries()) if (existing[i] === true) current.set(name, UNREAD);
  for (const [i, name] of read.entries()) {
    const document = found[i];
    if (document !== undefined) current.set(name, currentOf(document));
  }
  return current;
}

function asksForNothing({ op, condition }: Operation): boolean {
  return condition === undefined && (op === 'put' || op === 'delete');
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
