import { ClassicLevel } from 'classic-level';
import { COLLECTION, DOCUMENT_BYTES, documentText, keyOf, Random, shuffledIds } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/**
 * The ceiling under everything that writes: classic-level bare. Synced chained batches of documents in random key
 * order, keys and documents cut as subarrays from one Buffer a page, the page itself as one log record a batch, one batch
 * in flight. The pages are made before the clock starts, so what is timed is cutting, filling and writing batches.
 */

interface Given {
  readonly directory: string;
  readonly documents: number;
  /** Documents in a batch. */
  readonly batch: number;
  /** How many more are written before the clock starts. */
  readonly warmUp?: number;
}

interface Page {
  readonly documents: Buffer;
  readonly keys: Buffer;
}

const WRITE_BUFFER_BYTES = 64 * 1024 * 1024;
const RECORD_KIND = 0x6c;

const levelKey = (id: number): string => `d${COLLECTION}\0${keyOf(id)}`;
const KEY_BYTES = levelKey(0).length;

function makePages(count: number, batchDocuments: number): readonly Page[] {
  const random = new Random(1);
  const ids = shuffledIds(count);
  const pages: Page[] = [];
  for (let at = 0; at < count; at += batchDocuments) {
    const documents = Buffer.allocUnsafe(batchDocuments * DOCUMENT_BYTES);
    const keys = Buffer.allocUnsafe(batchDocuments * KEY_BYTES);
    for (const [i, id] of ids.slice(at, at + batchDocuments).entries()) {
      documents.write(documentText(id, random), i * DOCUMENT_BYTES, 'latin1');
      keys.write(levelKey(id), i * KEY_BYTES, 'latin1');
    }
    pages.push({ documents, keys });
  }
  return pages;
}

const { directory, documents, batch: batchDocuments, warmUp = 0 } = given() as Given;
const pages = makePages(warmUp + documents, batchDocuments);
const level = new ClassicLevel<Buffer, Buffer>(directory, {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  writeBufferSize: WRITE_BUFFER_BYTES,
});
await level.open();
let startedAt = machineMs();
for (const [i, page] of pages.entries()) {
  if (i === Math.ceil(warmUp / batchDocuments)) startedAt = machineMs();
  const batch = level.batch();
  const recordKey = Buffer.allocUnsafe(9);
  recordKey[0] = RECORD_KIND;
  recordKey.writeBigUInt64BE(BigInt((i + 1) * batchDocuments), 1);
  batch.put(recordKey, page.documents);
  for (let n = 0; n < batchDocuments; n++) {
    const key = page.keys.subarray(n * KEY_BYTES, (n + 1) * KEY_BYTES);
    batch.put(key, page.documents.subarray(n * DOCUMENT_BYTES, (n + 1) * DOCUMENT_BYTES));
  }
  await batch.write({ sync: true });
}
const seconds = (machineMs() - startedAt) / 1000;
await level.close();
sayLast({ seconds });
