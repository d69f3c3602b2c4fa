import {
  checkJson,
  checkKey,
  checkMeshKey,
  checkWritableCollection,
  DEFINITIONS,
  definitionSchema,
  isSkeinError,
  LIMITS,
  LineReader,
  parseOver,
  parsePlace,
  parseStamp,
  SkeinError,
  TOMBSTONES,
  type JsonText,
  type JsonValue,
  type Over,
  type Stamp,
} from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { CRC_BYTES } from '../line-checksum.ts';

/** A change that a node of the mesh has made, to be merged into the log of another. */
export interface MergeChange {
  readonly collection: string;
  readonly key: string;
  readonly stamp: Stamp;
  /** What it was written over; null where nothing was there, or nobody says. */
  readonly over: Over | null;
  /** Null when it deletes. */
  readonly valueText: JsonText | null;
}

const reader = new LineReader();

/**
 * What a line of a mesh node's log asks others to merge; null where it is of no concern to them. A deletion is told by its
 * tombstone, which stands in the same transaction: the line that deletes says nothing more.
 */
export function mergeChangeOf(line: Uint8Array): MergeChange | null {
  reader.read(line, 0, line.length);
  const stamp = reader.stamp();
  if (stamp === undefined || reader.isDelete) return null;
  const over = reader.over();
  const [collection, key] = [reader.collection(), reader.key()];
  const made = { stamp: parseStamp(stamp, reader.origin()), over: over === undefined ? null : parseOver(over) };
  if (collection === TOMBSTONES) return checkMergeable({ ...parsePlace(key), ...made, valueText: null });
  const valueText = asBuffer(line).toString('utf8', reader.valueStart, reader.valueEnd);
  return checkMergeable({ collection, key, ...made, valueText });
}

/** The same for a document as it is stored, and as snapshots hand it over. */
export function mergeChangeOfStored(stored: Uint8Array): MergeChange | null {
  return mergeChangeOf(stored.subarray(CRC_BYTES));
}

/** Whatever is merged stays, so nothing is that this node could not have written itself; the size of values is each node's own. */
export function checkMergeable(change: MergeChange): MergeChange {
  const { collection, key, valueText } = change;
  try {
    if (collection !== DEFINITIONS) checkWritableCollection(collection);
    checkMeshKey(collection, checkKey(key));
    if (valueText !== null) checkValue(collection, valueText);
    return change;
  } catch (error) {
    if (isSkeinError(error, 'bad_record')) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SkeinError('bad_record', `this cannot be merged: ${reason}`, {}, error);
  }
}

function checkValue(collection: string, valueText: JsonText): void {
  const value = JSON.parse(valueText) as JsonValue;
  checkJson(value, LIMITS.jsonDepthMax);
  if (collection === DEFINITIONS) definitionSchema.parse(value);
}
