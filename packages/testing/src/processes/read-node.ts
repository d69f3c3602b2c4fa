import { sha256 } from '@skein/core';
import { chainHash, MEDIA_TYPES, parseRecords, recordLines, type RecordView } from '@skein/protocol';
import type { Client } from './client.ts';
import { FeedChecker, type FeedPage } from './feed-checker.ts';

/** Goes on from where a checker is to the head of a node, page by page. */
export async function readFeed(client: Client, checker = new FeedChecker(), limit = 5000): Promise<FeedChecker> {
  for (;;) {
    const answer = await client.get(`/v1/changes?since=${checker.next}&limit=${limit}`);
    if (answer.status !== 200) throw new Error(`the feed answered ${answer.status}: ${answer.text}`);
    const page = answer.json as FeedPage;
    checker.addPage(page);
    if (page.upToDate) return checker;
  }
}

/** The log of a node as it stores it, from the beginning to the head; every record has proven its hash. */
export async function readRecords(client: Client): Promise<readonly RecordView[]> {
  const parts: Buffer[] = [];
  for (let since = '0'; ;) {
    const path = `/v1/changes?since=${since}&limit=5000`;
    const { status, headers, bytes, text } = await client.get(path, { accept: MEDIA_TYPES.records });
    if (status !== 200) throw new Error(`the feed answered ${status}: ${text}`);
    parts.push(bytes);
    since = headers['skein-next']!;
    if (headers['skein-up-to-date'] === 'true') break;
  }
  const records = parseRecords(Buffer.concat(parts));
  for (const record of records) {
    const { hashBefore, epoch, hash, offsetLast } = record;
    if (chainHash(sha256, hashBefore, epoch, recordLines(record)) !== hash)
      throw new Error(`the record at ${offsetLast} is not true to its hash`);
  }
  return records;
}

/** All documents of a node as it sends them, by collection; two nodes at one position have the same. */
export async function readDocuments(client: Client): Promise<ReadonlyMap<string, string>> {
  const { collections } = (await client.get('/v1/collections')).json as { collections: { name: string }[] };
  const documents = new Map<string, string>();
  for (const { name } of collections) {
    const answer = await client.get(`/v1/collections/${name}`, { accept: MEDIA_TYPES.ndjson });
    if (answer.status !== 200) throw new Error(`${name} answered ${answer.status}: ${answer.text}`);
    documents.set(name, answer.text);
  }
  return documents;
}
