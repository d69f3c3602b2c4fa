import { parseRecords, recordLines, type Change } from '@skein/protocol';
import { Cluster, FeedChecker, readFeed, type Client, type FeedPage } from '@skein/testing';
import { startLeader } from 'skein';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let client: Client;

const RECORDS = 'application/vnd.skein.records';
const NDJSON = 'application/x-ndjson';
const put = (collection: string, key: string): unknown => ({ op: 'put', collection, key, value: key });

/** Offsets 1 to 5, one by one; 6 to 15, one transaction; 16 to 1,015, a load: one record, in which nothing belongs together. */
beforeAll(async () => {
  client = (await cluster.leader()).client;
  for (let i = 1; i <= 4; i++) await client.put(`/v1/collections/single/k-${i}`, { i });
  await client.delete('/v1/collections/single/k-4');
  const operations = Array.from({ length: 10 }, (_, i) => put(i < 5 ? 'tx-a' : 'tx-b', `k-${i}`));
  await client.post('/v1/transactions', { operations });
  const documents = Array.from({ length: 1000 }, (_, i) => ({ key: `k-${i}`, value: i }));
  await client.load('loaded', documents);
});
afterAll(() => cluster.close());

async function pageOf(query: string): Promise<FeedPage> {
  const { status, json } = await client.get(`/v1/changes?${query}`);
  expect(status).toBe(200);
  return json as FeedPage;
}

const offsets = (page: { readonly changes: readonly Change[] }): number[] => page.changes.map(({ offset }) => offset);

describe('a page of the feed', () => {
  it('has the changes behind a position and says where it stands', async () => {
    const { log, epoch, position } = (await client.get('/v1/status')).json;
    const { headers, json } = await client.get('/v1/changes?since=0&limit=5');
    expect(json).toStrictEqual({
      log,
      epoch,
      since: '0',
      next: expect.stringMatching(`^5\\.${epoch}\\.[0-9a-f]{16}$`),
      head: { offset: 1015, ts: expect.any(Number) },
      tail: 1,
      upToDate: false,
      changes: expect.any(Array),
    });
    expect(json.changes[0]).toStrictEqual({
      offset: 1,
      ts: expect.any(Number),
      origin: expect.stringMatching(/^node-/),
      collection: 'single',
      key: 'k-1',
      op: 'put',
      value: { i: 1 },
    });
    expect(json.changes[4]).toMatchObject({ offset: 5, key: 'k-4', op: 'delete' });
    expect(json.changes[4]).not.toHaveProperty('value');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'skein-next': json.next,
      'skein-head': '1015',
      'skein-tail': '1',
      'skein-up-to-date': 'false',
      'skein-log': log,
    });
    expect((await pageOf('since=1014&limit=5')).next).toBe(position);
  });

  it('is the same in every format', async () => {
    const json = await pageOf('since=3&limit=1000');
    const ndjson = await client.get('/v1/changes?since=3&limit=1000', { accept: NDJSON });
    const records = await client.get('/v1/changes?since=3&limit=1000', { accept: RECORDS });
    const [header, ...rest] = ndjson.lines;
    const trailer = rest.pop();
    expect(ndjson.headers['content-type']).toBe(NDJSON);
    expect(header).toStrictEqual({ log: json.log, epoch: json.epoch, since: json.since, head: json.head, tail: 1 });
    expect(trailer).toStrictEqual({ next: json.next, head: json.head, upToDate: json.upToDate });
    expect(rest).toStrictEqual(json.changes);
    expect(records.headers['content-type']).toBe(RECORDS);
    const lines = parseRecords(records.bytes).map((record) => Buffer.from(recordLines(record)).toString());
    const all = lines
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Change);
    expect(all.slice(0, json.changes.length)).toStrictEqual(json.changes);
    expect(json.changes).toHaveLength(1000);
  });

  it('of records holds whole records, also when asked for less or from the middle of one', async () => {
    const loaded = (await client.get('/v1/changes?since=500&limit=1', { accept: RECORDS })).bytes;
    expect(parseRecords(loaded).map(({ offsetFirst, offsetLast }) => [offsetFirst, offsetLast])).toStrictEqual([
      [16, 1015],
    ]);
    const { status, json } = await client.get('/v1/changes?collections=single', { accept: RECORDS });
    expect([status, json.code]).toStrictEqual([400, 'bad_query']);
  });

  it('begins behind an offset, a position, or now', async () => {
    const behind = await pageOf('since=700&limit=1');
    expect(offsets(behind)).toStrictEqual([701]);
    expect(behind.since).toMatch(/^700\./);
    const atPosition = await pageOf(`since=${behind.next}&limit=2`);
    expect(offsets(atPosition)).toStrictEqual([702, 703]);
    const now = await pageOf('since=now');
    expect(now).toMatchObject({ since: now.next, upToDate: true, changes: [] });
    expect(offsets(await pageOf('limit=2'))).toStrictEqual([1, 2]);
  });

  it('runs over its limit to finish a transaction, and never begins inside one by itself', async () => {
    const over = await pageOf('since=5&limit=3');
    expect(offsets(over)).toStrictEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect(over.changes.every(({ tx }) => tx === 15)).toBe(true);
    expect(over.next).toMatch(/^15\./);
    expect(offsets(await pageOf('since=3&limit=3'))).toHaveLength(12);
  });

  it('follows the other without gap, whatever the limit', async () => {
    for (const limit of [1, 7, 999, 1000, 5000]) {
      const { changes } = await readFeed(client, new FeedChecker(), limit);
      expect(changes).toHaveLength(1015);
    }
  });

  it('of an empty log has no time, and nothing to come', async () => {
    const empty = (await cluster.leader()).client;
    const { json } = await empty.get('/v1/changes');
    expect(json).toMatchObject({ since: '0', next: '0', head: { offset: 0, ts: null }, tail: 1, upToDate: true });
  });

  it('is bounded in bytes, too', async () => {
    const { client: other } = await cluster.leader();
    const value = 'x'.repeat(1_000_000);
    for (let i = 0; i < 12; i++) await other.put(`/v1/collections/big/k-${i}`, value);
    const first = (await other.get('/v1/changes?limit=5000')).json as FeedPage;
    expect(first.changes.length).toBeGreaterThan(0);
    expect(first.changes.length).toBeLessThan(8);
    expect((await readFeed(other)).changes).toHaveLength(12);
  });
});

describe('a filtered feed', () => {
  it('has only what matches, by collections and by prefix', async () => {
    expect(offsets(await pageOf('collections=single'))).toStrictEqual([1, 2, 3, 4, 5]);
    expect(offsets(await pageOf('collections=tx-b,single&limit=5000'))).toStrictEqual([
      1, 2, 3, 4, 5, 11, 12, 13, 14, 15,
    ]);
    expect(offsets(await pageOf('prefix=k-99&collections=loaded'))).toStrictEqual([
      115,
      ...Array.from({ length: 10 }, (_, i) => 1006 + i),
    ]);
    const lines = (await client.get('/v1/changes?collections=tx-a', { accept: NDJSON })).lines;
    expect(lines.slice(1, -1).map(({ offset }) => offset)).toStrictEqual([6, 7, 8, 9, 10]);
  });

  it('moves on even when nothing matches', async () => {
    const { position } = (await client.get('/v1/status')).json;
    const nothing = await pageOf('collections=nothing');
    expect(nothing).toMatchObject({ since: '0', next: position, upToDate: true, changes: [] });
    const limited = await pageOf('collections=single&limit=2');
    expect([offsets(limited), limited.upToDate]).toStrictEqual([[1, 2], false]);
    const rest = await pageOf(`collections=single&since=${limited.next}`);
    expect([offsets(rest), rest.next]).toStrictEqual([[3, 4, 5], position]);
  });

  it('ends behind a whole transaction of which only a part matches', async () => {
    const page = await pageOf('collections=tx-a&limit=1');
    expect(offsets(page)).toStrictEqual([6, 7, 8, 9, 10]);
    expect(page.next).toMatch(/^15\./);
  });
});

describe('a trimmed log', () => {
  it('answers 410 below its tail, exactly, and stays trimmed after a restart', async () => {
    const data = await cluster.directory();
    const node = await startLeader({ data, port: 0 });
    for (let i = 0; i < 10; i++) await node.collection('c').put(`k-${i}`, i);
    const tail = await node.store.trim(5);
    await checkTail(cluster.client(node.url), tail);
    await node.close();
    await checkTail((await cluster.leader({}, { data })).client, tail);
  });

  async function checkTail(trimmed: Client, tail: number): Promise<void> {
    expect(tail).toBe(5);
    expect(offsets((await trimmed.get('/v1/changes?since=4&limit=2')).json as FeedPage)).toStrictEqual([5, 6]);
    const { log, epoch, position } = (await trimmed.get('/v1/status')).json;
    for (const since of ['3', '0']) {
      const { status, json } = await trimmed.get(`/v1/changes?since=${since}`);
      expect(status).toBe(410);
      expect(json).toMatchObject({ code: 'compacted', log, epoch, head: position, tail: 5, snapshot: '/v1/snapshot' });
    }
    expect((await trimmed.get('/v1/collections/c')).json.documents).toHaveLength(10);
  }
});
