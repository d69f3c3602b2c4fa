/**
 * Where things are in the Level keyspace. The first byte says what kind of entry it is:
 *
 *     d collection 00 key     a stored document
 *     l offset                a record, under its last offset
 *     i digest                an idempotency entry, under the digest of its key
 *     j offset                the digest again, under the offset of its change, so that the oldest is found first
 *     m name                  facts about the store
 *     n collection            how many documents a collection has, where that is known
 *     o name                  a note of this node's own: how far it has told others of its log, say
 *     s follower              what a follower has acknowledged to this node
 *     x collection 00 name    an index of this node, and how far it is built
 *     y number fields key     an entry of an index: what a document has in the fields, and the document's key
 *
 * Offsets are 8 bytes, big-endian, so byte order is offset order. Collection names hold no NUL and keys may not, so no
 * name or key can reach into another's range.
 */

/** What the Level keys of documents begin with. */
export const DOCUMENT = 0x64;
const IDEMPOTENCY = 0x69;
const IDEMPOTENCY_AGE = 0x6a;
const RECORD = 0x6c;
const META = 0x6d;
const COUNT = 0x6e;
const NOTE = 0x6f;
const SLOT = 0x73;
const INDEX = 0x78;
const INDEX_ENTRY = 0x79;
const INDEX_NUMBER_BYTES = 4;
const OFFSET_KEY_BYTES = 9;

export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

export function documentKey(collection: string, key: string): Buffer {
  return Buffer.from(`d${collection}\0${key}`);
}

/** All documents of a collection whose keys begin with `prefix`. */
export function documentRange(collection: string, prefix: string): KeyRange {
  const gte = documentKey(collection, prefix);
  return { gte, lt: afterPrefix(gte) };
}

export const ALL_DOCUMENTS: KeyRange = { gte: Buffer.of(DOCUMENT), lt: Buffer.of(DOCUMENT + 1) };

/** Documents from one place up to another, both as byte strings of `collection 00 key`; null is where there is no end. */
export function placeRange({ from, to }: { readonly from: string | null; readonly to: string | null }): KeyRange {
  return {
    gte: from === null ? ALL_DOCUMENTS.gte : prefixed(DOCUMENT, Buffer.from(from, 'latin1')),
    lt: to === null ? ALL_DOCUMENTS.lt : prefixed(DOCUMENT, Buffer.from(to, 'latin1')),
  };
}

/** A document's Level key as text. */
export function documentKeyText(collection: string, key: string): string {
  return `${String.fromCharCode(DOCUMENT)}${collection}\0${key}`;
}

/** The key of a document as it stands in its Level key. */
export function keyBytesOf(levelKey: Buffer): Buffer {
  return levelKey.subarray(levelKey.indexOf(0) + 1);
}

/** Takes a document's Level key apart again. */
export function parseDocumentKey(levelKey: Buffer): { readonly collection: string; readonly key: string } {
  const nul = levelKey.indexOf(0);
  return { collection: levelKey.toString('latin1', 1, nul), key: levelKey.toString('utf8', nul + 1) };
}

export function recordKey(offset: number): Buffer {
  return offsetKey(RECORD, offset);
}

export const ALL_RECORDS: KeyRange = { gte: Buffer.of(RECORD), lt: Buffer.of(RECORD + 1) };

export function recordsAfter(offset: number): KeyRange {
  return { gte: recordKey(offset + 1), lt: ALL_RECORDS.lt };
}

export function recordsBelow(offset: number): KeyRange {
  return { gte: ALL_RECORDS.gte, lt: recordKey(offset) };
}

export function idempotencyKey(digest: string): Buffer {
  return prefixed(IDEMPOTENCY, Buffer.from(digest, 'latin1'));
}

export const ALL_IDEMPOTENCY: KeyRange = { gte: Buffer.of(IDEMPOTENCY), lt: Buffer.of(IDEMPOTENCY + 1) };

export function idempotencyAgeKey(offset: number): Buffer {
  return offsetKey(IDEMPOTENCY_AGE, offset);
}

export function parseIdempotencyAgeKey(levelKey: Buffer): number {
  return decodeNumber(levelKey.subarray(1));
}

export const ALL_IDEMPOTENCY_AGES: KeyRange = { gte: Buffer.of(IDEMPOTENCY_AGE), lt: Buffer.of(IDEMPOTENCY_AGE + 1) };

export type MetaName = 'format' | 'identity' | 'history' | 'tail' | 'witness' | 'copy' | 'promises' | 'rival';

export function metaKey(name: MetaName): Buffer {
  return prefixed(META, Buffer.from(name));
}

export function countKey(collection: string): Buffer {
  return prefixed(COUNT, Buffer.from(collection));
}

export const ALL_COUNTS: KeyRange = { gte: Buffer.of(COUNT), lt: Buffer.of(COUNT + 1) };

export function parseCountKey(levelKey: Buffer): string {
  return levelKey.toString('latin1', 1);
}

export function slotKey(follower: string): Buffer {
  return prefixed(SLOT, Buffer.from(follower));
}

export const ALL_SLOTS: KeyRange = { gte: Buffer.of(SLOT), lt: Buffer.of(SLOT + 1) };

export function parseSlotKey(levelKey: Buffer): string {
  return levelKey.toString('latin1', 1);
}

export function noteKey(name: string): Buffer {
  return prefixed(NOTE, Buffer.from(name));
}

export function indexKey(collection: string, name: string): Buffer {
  return prefixed(INDEX, Buffer.from(`${collection}\0${name}`));
}

export const ALL_INDEXES: KeyRange = { gte: Buffer.of(INDEX), lt: Buffer.of(INDEX + 1) };

/** What all entries begin with that have these bytes as their fields, or as the first of them. */
export function indexEntryPrefix(number: number, fields: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(1 + INDEX_NUMBER_BYTES + fields.length);
  prefix[0] = INDEX_ENTRY;
  prefix.writeUInt32BE(number, 1);
  fields.copy(prefix, 1 + INDEX_NUMBER_BYTES);
  return prefix;
}

export function indexEntryKey(number: number, fields: Buffer, keyBytes: Buffer): Buffer {
  return Buffer.concat([indexEntryPrefix(number, fields), keyBytes]);
}

export const ALL_INDEX_ENTRIES: KeyRange = { gte: Buffer.of(INDEX_ENTRY), lt: Buffer.of(INDEX_ENTRY + 1) };

/** The entries of all indexes from a number on. */
export function indexEntriesFrom(number: number): KeyRange {
  return { gte: indexEntryPrefix(number, Buffer.alloc(0)), lt: ALL_INDEX_ENTRIES.lt };
}

export function parseIndexNumber(entryKey: Buffer): number {
  return entryKey.readUInt32BE(1);
}

export function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function decodeNumber(bytes: Buffer): number {
  return Number(bytes.readBigUInt64BE());
}

/** The least key that is above every key beginning with `prefix`. */
export function afterPrefix(prefix: Buffer): Buffer {
  // The first byte is one of the kinds above, so there is always a byte that can grow.
  let length = prefix.length;
  while (prefix[length - 1] === 0xff) length--;
  const after = Buffer.from(prefix.subarray(0, length));
  after[length - 1]! += 1;
  return after;
}

function offsetKey(kind: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(OFFSET_KEY_BYTES);
  key[0] = kind;
  key.writeBigUInt64BE(BigInt(offset), 1);
  return key;
}

function prefixed(kind: number, rest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(1 + rest.length);
  key[0] = kind;
  rest.copy(key, 1);
  return key;
}
