import { LineReader, recordLines, SkeinError, type RecordView } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { writeStoredDocument } from '../document.ts';
import { CRC_BYTES } from '../line-checksum.ts';
import { parseIdem } from './idempotency.ts';
import { CollectionNames, levelKeyOf } from './line-key.ts';
import type { Idempotency } from './operation.ts';

/** One change of a page, ready for a Level batch. Key and stored document are views into two buffers of the page. */
export interface WalkedChange {
  readonly offset: number;
  readonly ts: number;
  readonly transactionEnd: number;
  readonly collection: string;
  readonly levelKey: Buffer;
  /** Null for a delete. */
  readonly stored: Buffer | null;
  readonly idempotency: Idempotency | undefined;
}

const NEWLINE = 0x0a;

/**
 * Turns records into what a batch needs, in one pass: lines are checked (well-formed, offsets without gaps, transactions
 * whole), stored documents are cut from one buffer per record, and values are never parsed.
 */
export function walkRecords(records: readonly RecordView[]): readonly WalkedChange[] {
  const changes: WalkedChange[] = [];
  for (const record of records) walkRecord(record, changes);
  return changes;
}

const reader = new LineReader();

function walkRecord(record: RecordView, changes: WalkedChange[]): void {
  const lines = asBuffer(recordLines(record));
  const count = record.offsetLast - record.offsetFirst + 1;
  // Before memory is taken for them: the offsets are a claim of the header, which the hash does not cover.
  if (count > lines.length) throw bad(record, 'has fewer lines than offsets');
  const documents = Buffer.allocUnsafe(lines.length + count * CRC_BYTES);
  const collections = new CollectionNames();
  let documentsEnd = 0;
  let openTransaction = 0;
  let at = 0;
  for (let offset = record.offsetFirst; offset <= record.offsetLast; offset++) {
    const end = lines.indexOf(NEWLINE, at);
    if (end === -1) throw bad(record, 'has fewer lines than offsets');
    reader.read(lines, at, end);
    if (reader.offset !== offset) throw bad(record, `has offset ${reader.offset} where ${offset} belongs`);
    if (openTransaction > 0 && reader.transactionEnd !== openTransaction) throw bad(record, 'mixes transactions');
    openTransaction = reader.transactionEnd > offset ? reader.transactionEnd : 0;
    const collection = collections.nameOf(lines, reader);
    let stored: Buffer | null = null;
    if (!reader.isDelete) {
      const start = documentsEnd;
      documentsEnd = writeStoredDocument(documents, start, lines.subarray(at, end));
      stored = documents.subarray(start, documentsEnd);
    }
    const idem = reader.idem();
    changes.push({
      offset,
      ts: reader.ts,
      transactionEnd: reader.transactionEnd,
      collection,
      levelKey: levelKeyOf(lines, reader),
      stored,
      idempotency: idem === undefined ? undefined : parseIdem(idem),
    });
    at = end + 1;
  }
  if (at !== lines.length) throw bad(record, 'has more lines than offsets');
  if (openTransaction > 0) throw bad(record, 'ends inside a transaction');
}

function bad(record: RecordView, what: string): SkeinError {
  return new SkeinError('bad_record', `record ${record.offsetFirst}–${record.offsetLast} ${what}`);
}
