import { parseLine, readRecord, type RecordView } from '@skein/protocol';
import type { DocumentsSeen, IndexSeen } from '../history.ts';

/*
 * Reads a node's database beside the node, by the bytes DESIGN fixes: `d collection 00 key` → checksum and line,
 * `l offset` → record; and an index by those of core's layout: `x collection 00 name` → checksum and JSON, `y number fields key`.
 */
const DOCUMENT = 0x64;
const RECORD = 0x6c;
const INDEX = 0x78;
const INDEX_ENTRY = 0x79;
const CRC_BYTES = 4;

type Entries = Iterable<readonly [key: Buffer, value: Buffer]>;

type DocumentSeen = DocumentsSeen extends ReadonlyMap<string, infer Seen> ? Seen : never;

/** Values stay the same buffers from one look to the next, so each is taken apart once. */
const taken = new WeakMap<Buffer, DocumentSeen>();

export function documentsIn(entries: Entries): DocumentsSeen {
  const documents = new Map<string, DocumentSeen>();
  for (const [key, value] of entries) {
    // Documents come first in the order of the keys.
    if (key[0]! > DOCUMENT) break;
    if (key[0] === DOCUMENT) documents.set(key.toString('utf8', 1), take(value));
  }
  return documents;
}

function take(stored: Buffer): DocumentSeen {
  const known = taken.get(stored);
  if (known !== undefined) return known;
  const { offset, value, stamp, origin } = parseLine(stored.toString('utf8', CRC_BYTES));
  const made = stamp === undefined ? undefined : `${stamp}@${origin}`;
  const seen = { offset, valueText: JSON.stringify(value), made };
  taken.set(stored, seen);
  return seen;
}

interface StoredIndex extends Omit<IndexSeen, 'name' | 'fields' | 'keys'> {
  readonly number: number;
  readonly spec: Pick<IndexSeen, 'name' | 'fields'> & { readonly kind: string };
}

/** Keys are of two letters in simulated worlds, so the last two bytes of an entry are its document's. */
const KEY_BYTES = 2;

export function indexesIn(entries: Entries): readonly IndexSeen[] {
  const stored: StoredIndex[] = [];
  const keys = new Map<number, string[]>();
  for (const [key, value] of entries) {
    if (key[0] === INDEX) stored.push(JSON.parse(value.toString('utf8', CRC_BYTES)) as StoredIndex);
    if (key[0] !== INDEX_ENTRY) continue;
    const number = key.readUInt32BE(1);
    keys.set(number, [...(keys.get(number) ?? []), key.toString('utf8', key.length - KEY_BYTES)]);
  }
  const ofFields = stored.filter(({ spec }) => spec.kind === 'fields');
  return ofFields.map(({ collection, number, isReady, spec: { name, fields } }) => {
    return { collection, name, fields, isReady, keys: keys.get(number) ?? [] };
  });
}

export function recordsIn(entries: Entries): readonly RecordView[] {
  const records: RecordView[] = [];
  for (const [key, value] of entries) if (key[0] === RECORD) records.push(readRecord(value));
  return records;
}

/** A database as it lies there. */
interface Database extends Entries {
  has(key: Buffer): boolean;
}

/** The last offset of the newest record, by its key alone; mostly it is the one that is expected. */
export function newestOffsetIn(entries: Database, expected: number): number {
  if (entries.has(recordKey(expected))) return expected;
  let newest = 0;
  for (const [key] of entries) if (key[0] === RECORD) newest = Number(key.readBigUInt64BE(1));
  return newest;
}

function recordKey(offset: number): Buffer {
  const key = Buffer.alloc(1 + 8);
  key[0] = RECORD;
  key.writeBigUInt64BE(BigInt(offset), 1);
  return key;
}
