import { Readable } from 'node:stream';
import { request } from 'undici';
import { COLLECTION, documentText, keyOf, Random, shuffledIds } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/** Loads documents into a leader with one streamed NDJSON request, whose bytes are made before the clock starts. */

interface Given {
  readonly url: string;
  readonly documents: number;
  /** Values of a few bytes, where it is their number that counts. */
  readonly small?: boolean;
}

const CHUNK_LINES = 200;

const { url, documents, small = false } = given() as Given;
const random = new Random(1);
const ids = shuffledIds(documents);
const chunks: Buffer[] = [];
for (let at = 0; at < documents; at += CHUNK_LINES) {
  const lines = ids
    .slice(at, at + CHUNK_LINES)
    .map((id) => `{"key":"${keyOf(id)}","value":${small ? id : documentText(id, random)}}`);
  chunks.push(Buffer.from(`${lines.join('\n')}\n`));
}
const startedAt = machineMs();
const { statusCode, body } = await request(`${url}/v1/collections/${COLLECTION}`, {
  method: 'POST',
  headers: { 'content-type': 'application/x-ndjson' },
  body: Readable.from(chunks, { objectMode: false }),
  headersTimeout: 0,
});
const answer = await body.text();
if (statusCode !== 200) throw new Error(`the load was answered ${statusCode}: ${answer}`);
sayLast({ seconds: (machineMs() - startedAt) / 1000 });
