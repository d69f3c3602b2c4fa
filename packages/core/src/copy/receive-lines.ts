import {
  isIdempotencyLine,
  LineReader,
  parseIdempotencyLine,
  SkeinError,
  type IdempotencyLine,
  type SnapshotPage,
} from '@skein/protocol';
import { asBuffer, isBefore } from '../bytes.ts';
import { writeStoredDocument } from '../document.ts';
import { CRC_BYTES } from '../line-checksum.ts';
import { CollectionNames, levelKeyOf } from '../write/line-key.ts';

export interface CopiedDocument {
  readonly collection: string;
  readonly levelKey: Buffer;
  readonly stored: Buffer;
}

/** The lines of a page, ready for a Level batch. */
export interface ReceivedLines {
  readonly documents: readonly CopiedDocument[];
  readonly entries: readonly IdempotencyLine[];
}

const NEWLINE = 0x0a;
const reader = new LineReader();

/**
 * Takes the lines of a page apart. Every one must be a document in its place, behind the one before it and no newer than
 * the snapshot; values are never parsed.
 */
export function receiveLines({ header, lines: bytes, trailer }: SnapshotPage): ReceivedLines {
  const lines = asBuffer(bytes);
  if (trailer.lines > lines.length) throw bad(`claims ${trailer.lines} lines`);
  const target = Buffer.allocUnsafe(lines.length + trailer.lines * CRC_BYTES);
  const collections = new CollectionNames();
  const documents: CopiedDocument[] = [];
  const entries: IdempotencyLine[] = [];
  let filled = 0;
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(NEWLINE, at);
    const line = lines.subarray(at, end);
    at = end + 1;
    if (documents.length + entries.length === trailer.lines) throw bad('has more lines than it says');
    if (isIdempotencyLine(line)) {
      entries.push(parseIdempotencyLine(line));
      continue;
    }
    reader.read(line, 0, line.length);
    if (reader.isDelete || reader.offset > header.position.offset || entries.length > 0)
      throw bad(`holds the change at ${reader.offset}, which does not belong there`);
    const levelKey = levelKeyOf(line, reader);
    const before = documents.at(-1);
    if (before !== undefined && !isBefore(before.levelKey, levelKey)) throw bad('is not in the order of its keys');
    const start = filled;
    filled = writeStoredDocument(target, start, line);
    documents.push({ collection: collections.nameOf(line, reader), levelKey, stored: target.subarray(start, filled) });
  }
  if (documents.length + entries.length < trailer.lines) throw bad('has fewer lines than it says');
  return { documents, entries };
}

function bad(what: string): SkeinError {
  return new SkeinError('bad_record', `a page of a snapshot ${what}`);
}
