import { documentDigest, epochOf, formatPlacedStamp, makeVersion, type DigestBy, type Version } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { sha256 } from '../digest.ts';
import { madeOf, readStoredDocument, valueBytesOf } from '../document.ts';
import { parseDocumentKey, placeRange } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { Snapshot } from '../snapshot.ts';

/** Documents from one place up to another, as byte strings; null is where there is no end. */
export interface StoredRange {
  readonly from: string | null;
  readonly to: string | null;
}

export interface DigestedDocument {
  readonly place: Buffer;
  readonly collection: string;
  readonly key: string;
  readonly version: Version;
  readonly hash: Uint8Array;
  /** How many the value has. */
  readonly valueBytes: number;
}

export interface DocumentSource {
  readonly level: Level;
  readonly snapshot: Snapshot;
  readonly by: DigestBy;
  readonly signal?: AbortSignal | undefined;
}

const ENTRIES_AT_ONCE = 256;
const READ_AHEAD_BYTES = 256 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * Reads the documents of a range, proves each one and hashes it. They come in groups that take about a millisecond: LevelDB
 * reads the next one on another thread, and whatever else waits for this one gets its turn meanwhile. Between two of them it
 * stops when it is told to.
 */
export async function* readDocuments(
  { level, snapshot, by, signal }: DocumentSource,
  range: StoredRange,
): AsyncGenerator<readonly DigestedDocument[]> {
  const iterator = level.iterator({
    ...placeRange(range),
    snapshot: snapshot.level,
    highWaterMarkBytes: READ_AHEAD_BYTES,
  } as object);
  try {
    for (
      let entries = await iterator.nextv(ENTRIES_AT_ONCE);
      entries.length > 0;
      entries = await iterator.nextv(ENTRIES_AT_ONCE)
    ) {
      signal?.throwIfAborted();
      yield entries.flatMap(([levelKey, stored]) => digested(snapshot, by, levelKey, asBuffer(stored)) ?? []);
    }
  } finally {
    await iterator.close();
  }
}

/** Undefined for a document without a stamp, by stamp. */
function digested({ history }: Snapshot, by: DigestBy, levelKey: Buffer, stored: Buffer): DigestedDocument | undefined {
  const { collection, key } = parseDocumentKey(levelKey);
  const read = readStoredDocument(stored, asBuffer(levelKey));
  const value = valueBytesOf(read);
  const made = by === 'stamp' ? madeOf(stored) : undefined;
  if (by === 'stamp' && made === undefined) return undefined;
  const version = made ? formatPlacedStamp(made.stamp) : makeVersion(read.offset, epochOf(history, read.offset));
  const place = asBuffer(levelKey).subarray(1);
  const hash = documentDigest(sha256, {
    place,
    version: by === 'value' ? '' : version,
    value: by === 'stamp' ? NOTHING : value,
  });
  return { place, collection, key, version, hash, valueBytes: value.length };
}
