import { crc32 } from 'node:zlib';
import {
  LineReader,
  makeVersion,
  parseOver,
  parseStamp,
  SkeinError,
  type Epoch,
  type JsonText,
  type JsonValue,
  type Over,
  type Stamp,
  type Version,
} from '@skein/protocol';
import { isSame } from './bytes.ts';
import { CRC_BYTES, lineChecksum } from './line-checksum.ts';
import { documentKey, documentKeyText, parseDocumentKey } from './level/layout.ts';

const ASCII_MAX = 0x7f;

/** A stored document that has been proven: where in its bytes the value is, and what else the line says. */
export interface StoredDocument {
  readonly bytes: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly offset: number;
  /** When it was made, which its node says in a mesh. */
  readonly ts: number;
}

export function valueBytesOf({ bytes, valueStart, valueEnd }: StoredDocument): Buffer {
  return bytes.subarray(valueStart, valueEnd);
}

export function valueTextOf({ bytes, valueStart, valueEnd }: StoredDocument): JsonText {
  return bytes.toString('utf8', valueStart, valueEnd);
}

/** A document as read: its version, and its value as the bytes that were committed. */
export class Document<Value = JsonValue> {
  readonly key: string;
  /** Offset and time of the last change. */
  readonly offset: number;
  readonly ts: number;
  readonly #epoch: Epoch;
  readonly #stored: StoredDocument;

  constructor(key: string, stored: StoredDocument, epoch: Epoch) {
    this.key = key;
    this.offset = stored.offset;
    this.ts = stored.ts;
    this.#epoch = epoch;
    this.#stored = stored;
  }

  get version(): Version {
    return makeVersion(this.offset, this.#epoch);
  }

  /** The value as JSON text, UTF-8: what was stored, byte for byte. */
  get valueBytes(): Buffer {
    return valueBytesOf(this.#stored);
  }

  /** How long that is. */
  get valueLength(): number {
    return this.#stored.valueEnd - this.#stored.valueStart;
  }

  /** In a mesh: the stamp of its last change, and what that was written over. */
  get made(): Made | undefined {
    return madeOf(this.#stored.bytes);
  }

  /** Made anew each time it is asked for. */
  get value(): Value {
    return JSON.parse(valueTextOf(this.#stored)) as Value;
  }
}

/** By whom and when a change of a mesh was made. */
export interface Made {
  readonly stamp: Stamp;
  readonly over: Over | null;
}

/** What the line of a stored document that has been proven says of that; undefined where it is of no mesh. */
export function madeOf(stored: Buffer): Made | undefined {
  reader.read(stored, CRC_BYTES, stored.length);
  const [stamp, over] = [reader.stamp(), reader.over()];
  if (stamp === undefined) return undefined;
  return { stamp: parseStamp(stamp, reader.origin()), over: over === undefined ? null : parseOver(over) };
}

/** Writes a line as a stored document, checksum first, and returns where it ends. */
export function writeStoredDocument(target: Buffer, at: number, line: Uint8Array): number {
  target.writeUInt32BE(crc32(line), at);
  target.set(line, at + CRC_BYTES);
  return at + CRC_BYTES + line.length;
}

const reader = new LineReader();

/**
 * Checks a stored document and reads the offset of its change. LevelDB hands out flipped bits without a word, so nothing
 * leaves the store that has not passed here; its key is compared too, which catches a block misplaced.
 */
export function proveStoredDocument(stored: Buffer, levelKey: Buffer): number {
  if (!isTrue(stored) || !isAt(stored, levelKey)) throw corrupt(levelKey);
  return reader.offset;
}

/** The same, for one whose Level key was read as text: that is cheaper to read, where many are. */
export function proveStoredDocumentAt(stored: Buffer, levelKeyText: string): number {
  if (!isTrue(stored) || !isAtText(stored, levelKeyText)) throw corrupt(Buffer.from(levelKeyText));
  return reader.offset;
}

/** Proves it as `proveStoredDocument` does, and reads its value. */
export function readStoredDocument(stored: Buffer, levelKey: Buffer): StoredDocument {
  const offset = proveStoredDocument(stored, levelKey);
  const { valueStart, valueEnd } = reader;
  return { bytes: stored, valueStart, valueEnd, offset, ts: reader.madeMs() };
}

function isTrue(stored: Buffer): boolean {
  return stored.length > CRC_BYTES && stored.readUInt32BE(0) === lineChecksum(stored);
}

/** Whether it is the line of a document, which the reader has then. */
function isDocument(stored: Buffer): boolean {
  try {
    reader.read(stored, CRC_BYTES, stored.length);
  } catch {
    return false;
  }
  return !reader.isDelete;
}

function isAtText(stored: Buffer, levelKeyText: string): boolean {
  if (!isDocument(stored)) return false;
  const { collectionStart, collectionEnd, keyStart, keyEnd } = reader;
  const keyAt = 2 + collectionEnd - collectionStart;
  const isPlain =
    levelKeyText.length === keyAt + keyEnd - keyStart &&
    isSameAscii(stored, collectionStart, collectionEnd, levelKeyText, 1) &&
    isSameAscii(stored, keyStart, keyEnd, levelKeyText, keyAt);
  if (isPlain) return !reader.isKeyEscaped && levelKeyText.startsWith('\0', keyAt - 1);
  const collection = stored.toString('latin1', collectionStart, collectionEnd);
  const key = reader.isKeyEscaped ? reader.key() : stored.toString('utf8', keyStart, keyEnd);
  return levelKeyText === documentKeyText(collection, key);
}

/** Whether a stored line is of the document with this key. */
function isAt(stored: Buffer, levelKey: Buffer): boolean {
  if (!isDocument(stored)) return false;
  if (reader.isKeyEscaped) return documentKey(reader.collection(), reader.key()).equals(levelKey);
  const { collectionStart, collectionEnd, keyStart, keyEnd } = reader;
  const nul = 1 + collectionEnd - collectionStart;
  const isInCollection = levelKey[nul] === 0 && isSame(stored, collectionStart, collectionEnd, levelKey, 1);
  return (
    isInCollection &&
    levelKey.length === nul + 1 + keyEnd - keyStart &&
    isSame(stored, keyStart, keyEnd, levelKey, nul + 1)
  );
}

/** Beyond ASCII a byte is not a character: there it says no. */
function isSameAscii(bytes: Buffer, start: number, end: number, text: string, textStart: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > ASCII_MAX || byte !== text.charCodeAt(textStart + i - start)) return false;
  }
  return true;
}

/** The offset a stored line claims; zero when it is not a line. */
export function lineOffset(line: Buffer): number {
  try {
    reader.read(line, 0, line.length);
    return reader.offset;
  } catch {
    return 0;
  }
}

function corrupt(levelKey: Buffer): SkeinError {
  const { collection, key } = parseDocumentKey(levelKey);
  return new SkeinError('corrupt', `document ${JSON.stringify(key)} of ${collection} fails its checksum`, {
    collection,
    key,
  });
}
