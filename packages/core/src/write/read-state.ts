import type { Document } from '../document.ts';
import type { DocumentReader } from '../documents.ts';
import type { Operation } from './operation.ts';
import type { Current } from './plan-operation.ts';
import type { WriteRequest } from './plan-group.ts';

/** The documents a group touches, as they are stored before it. */
export type StoredState = (collection: string, key: string) => Current | undefined;

/**
 * Reads what a group needs to be decided. A put or delete that asks for nothing but to happen needs to know only whether
 * its document is there, which costs half of reading it.
 */
export async function readState(documents: DocumentReader, requests: readonly WriteRequest[]): Promise<StoredState> {
  const looked = new Map<string, Operation>();
  const read = new Map<string, Operation>();
  for (const { operations } of requests) {
    for (const operation of operations) (isBlind(operation) ? looked : read).set(idOf(operation), operation);
  }
  for (const id of read.keys()) looked.delete(id);
  const [existing, found] = await Promise.all([
    looked.size === 0 ? [] : documents.hasMany([...looked.values()]),
    read.size === 0 ? [] : documents.getMany([...read.values()]),
  ]);
  const current = new Map<string, Current>();
  let i = 0;
  for (const id of looked.keys()) if (existing[i++] === true) current.set(id, UNREAD);
  i = 0;
  for (const id of read.keys()) {
    const document = found[i++];
    if (document !== undefined) current.set(id, currentOf(document));
  }
  return (collection, key) => current.get(`${collection}\0${key}`);
}

function isBlind({ op, condition }: Operation): boolean {
  return condition === undefined && (op === 'put' || op === 'delete');
}

function idOf({ collection, key }: Operation): string {
  return `${collection}\0${key}`;
}

/** A document that is there and that nobody in the group looks into. */
const UNREAD: Current = {
  get version(): never {
    throw new Error('the version of a document was asked for that was not read');
  },
  valueText: () => {
    throw new Error('the value of a document was asked for that was not read');
  },
};

function currentOf(document: Document): Current {
  return { version: document.version, valueText: () => document.valueBytes.toString() };
}
