/*
 * The forms in which the feed comes: as events, from a time on, without values, compressed, and as headers alone.
 */
import { gunzipSync } from 'node:zlib';
import type { Change } from '@skein/protocol';
import { Cluster, EventReader, until, type Client, type FeedPage, type NodeProcess } from '@skein/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let client: Client;
const readers: EventReader[] = [];

const EVENTS = { accept: 'text/event-stream' };
const NDJSON = { accept: 'application/x-ndjson' };
const RECORDS = { accept: 'application/vnd.skein.records' };

/** Offsets 1 to 3, one by one; 4 to 9, one transaction of two collections; 10 to 209, a load. */
beforeAll(async () => {
  leader = await cluster.leader();
  client = leader.client;
  for (let i = 1; i <= 2; i++) await client.put(`/v1/collections/single/k-${i}`, { ',"value":': `\n${i}` });
  await client.delete('/v1/collections/single/k-2');
  const operations = Array.from({ length: 6 }, (_, i) => ({
    op: 'put',
    collection: i < 4 ? 'tx-a' : 'tx-b',
    key: `k-${i}`,
    value: i,
  }));
  await client.post('/v1/transactions', { operations });
  await client.load(
    'loaded',
    Array.from({ length: 200 }, (_, i) => ({ key: `k-${i}`, value: `${i}`.padEnd(50, '.') })),
  );
});
afterEach(async () => {
  if (readers.length === 0) return;
  for (const reader of readers.splice(0)) reader.close();
  await until('no stream is open', async () => (await leader.metric('skein_feed_streams')) === 0);
});
afterAll(() => cluster.close());

async function pageOf(query: string): Promise<FeedPage> {
  return (await client.get(`/v1/changes?${query}`)).json as FeedPage;
}

async function read(query: string, lastId?: string): Promise<EventReader> {
  const reader = await EventReader.open(client.url, { path: `/v1/changes?${query}`, lastId });
  readers.push(reader);
  return reader;
}

describe('a stream of events', () => {
  it('has the changes of the feed, as its lines', async () => {
    const reader = await read('since=0');
    await reader.untilEvents(209);
    expect(reader.changes).toStrictEqual((await pageOf('since=0')).changes);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'skein-head': '209',
      'skein-role': 'leader',
    });
    expect(reader.headers).not.toHaveProperty('content-encoding');
  });

  it('names a position where a transaction ends, and only there, also when its last changes are not wanted', async () => {
    const { next } = await pageOf('since=5&limit=1');
    expect(next).toMatch(/^9\./);
    const whole = await read('since=3');
    const events = await whole.untilEvents(7);
    expect(events.slice(0, 6).map(({ lastId }) => lastId.split('.')[0])).toStrictEqual(['3', '3', '3', '3', '3', '9']);
    expect(events[5]!.lastId).toBe(next);
    const part = await read('since=3&collections=tx-a,tx-b&prefix=k-');
    await until('it is told how far it is', () => part.lastId.startsWith('209.'));
    const first = await read('since=3&collections=tx-a');
    expect((await first.untilEvents(4)).map(({ lastId }) => lastId.split('.')[0])).toStrictEqual(['3', '3', '3', '9']);
    await until('it is told how far it is', () => first.lastId.startsWith('209.'));
  });

  it('goes on behind the last id, whatever the address says', async () => {
    const whole = await read('since=0');
    await whole.untilEvents(209);
    for (const at of [1, 4, 8, 9, 100]) {
      const { lastId } = whole.events[at]!;
      const again = await read('since=now', lastId);
      await again.untilEvents(1);
      expect(again.changes[0].offset).toBe(Number(lastId.split('.')[0]) + 1);
    }
    expect((await (await read('since=208', '')).untilEvents(1))[0]!.data).toContain('"offset":209,');
  });

  it('goes on with what is written', async () => {
    const reader = await read('since=now&collections=live');
    await client.put('/v1/collections/dead/k', 1);
    const { position } = (await client.put('/v1/collections/live/k', 'ü')).json;
    await reader.untilEvents(1);
    expect(reader.changes).toMatchObject([{ collection: 'live', key: 'k', value: 'ü' }]);
    expect(reader.lastId).toBe(position);
  });

  it.each(['limit=1', 'wait=0', 'since=yesterday', 'fields=all', 'fields=', 'since=1&feed=live'])(
    'cannot be had with %s',
    async (query) => {
      const { status, json } = await client.get(`/v1/changes?${query}`, EVENTS);
      expect([status, json.code]).toStrictEqual([400, query.startsWith('since=y') ? 'bad_position' : 'bad_query']);
    },
  );

  it('is counted while it is open', async () => {
    await read('since=now');
    expect(await leader.metric('skein_feed_streams')).toBe(1);
    expect(await leader.metric('skein_feed_streams_cut_total')).toBe(0);
  });
});

describe('since a time', () => {
  it('is what was committed then or later, in every format', async () => {
    const { changes } = await pageOf('since=0');
    const time = new Date(changes[3]!.ts).toISOString();
    const page = await pageOf(`since=${time}`);
    expect(page.since).toBe((await pageOf('since=3&limit=1')).since);
    expect(page.changes).toStrictEqual((await pageOf('since=3')).changes);
    expect((await client.get(`/v1/changes?since=${time}`, NDJSON)).lines[0]).toMatchObject({ since: page.since });
    const reader = await read(`since=${time}`);
    expect((await reader.untilEvents(1))[0]!.data).toContain('"offset":4,');
    const records = await client.get(`/v1/changes?since=${time}`, RECORDS);
    expect([records.status, records.headers['skein-next']]).toStrictEqual([200, page.next]);
  });

  it('of the future is the head, and of long ago all there is', async () => {
    const now = await pageOf('since=now');
    expect(await pageOf('since=2999-01-01T00:00:00Z')).toStrictEqual(now);
    expect((await pageOf('since=1999-12-31T23:59:59.999-12:00&limit=1')).since).toBe('0');
    const late = client.get('/v1/changes?since=2999-01-01T00:00:00Z&wait=30');
    await until('it waits', async () => (await leader.metric('skein_feed_waiting_requests')) === 1);
    await client.put('/v1/collections/single/k-9', 9);
    expect((await late).json.changes).toMatchObject([{ key: 'k-9' }]);
  });

  it.each(['2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00+01:00'])('is not %s', async (time) => {
    const { status, json } = await client.get(`/v1/changes?since=${time}`);
    expect([status, json.code]).toStrictEqual([400, 'bad_position']);
    if (time.includes('+')) expect(json.detail).toContain('%2B');
  });
});

describe('changes without values', () => {
  it('are as they are, less the value, in every format but records', async () => {
    const whole = (await pageOf('since=0')).changes;
    const bare = whole.map(({ value: _value, ...rest }: Change) => rest);
    expect((await pageOf('since=0&fields=keys')).changes).toStrictEqual(bare);
    const ndjson = await client.get('/v1/changes?since=0&fields=keys', NDJSON);
    expect(ndjson.lines.slice(1, -1)).toStrictEqual(bare);
    const reader = await read('since=0&fields=keys&collections=single,tx-b');
    await reader.untilEvents(6);
    expect(reader.changes).toStrictEqual(
      bare.filter(({ collection }) => collection === 'single' || collection === 'tx-b'),
    );
    const { status, json } = await client.get('/v1/changes?fields=keys', RECORDS);
    expect([status, json.code]).toStrictEqual([400, 'bad_query']);
  });
});

describe('a compressed page', () => {
  it.each([{ accept: 'application/json' }, NDJSON, RECORDS])('is the page, of $accept', async (accept) => {
    const plain = await client.get('/v1/changes?since=9', accept);
    const { headers, bytes } = await client.get('/v1/changes?since=9', { ...accept, 'accept-encoding': 'gzip, br' });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept, Accept-Encoding' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toBe('Accept, Accept-Encoding');
    expect(bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(gunzipSync(bytes).equals(plain.bytes)).toBe(true);
    expect(headers['skein-next']).toBe(plain.headers['skein-next']);
  });

  it('is compressed once for all who wait for it', async () => {
    const compressed = async (): Promise<number> => (await leader.metric('skein_feed_pages_compressed_total'))!;
    const made = async (): Promise<number> => (await leader.metric('skein_feed_pages_made_total'))!;
    const before = [await made(), await compressed()];
    const asking = Array.from({ length: 100 }, (_, i) =>
      client.get('/v1/changes?since=now&wait=30', { 'accept-encoding': i < 90 ? 'gzip' : 'identity' }),
    );
    await until('all wait', async () => (await leader.metric('skein_feed_waiting_requests')) === 100);
    await client.put('/v1/collections/shared/k', 'x'.repeat(10_000));
    const answers = await Promise.all(asking);
    expect([await made(), await compressed()]).toStrictEqual([before[0]! + 1, before[1]! + 1]);
    const texts = answers.map(({ headers, bytes }) =>
      (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString(),
    );
    expect(new Set(texts).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['content-encoding'] === 'gzip')).toHaveLength(90);
  });

  it.each(['gzip;q=0', 'identity', 'br', 'gzip;q=0.2, identity', '', '*;q=0'])(
    'is not sent to who accepts %s',
    async (encoding) => {
      const { headers } = await client.get('/v1/changes?since=9', { 'accept-encoding': encoding });
      expect(headers['content-encoding']).toBeUndefined();
    },
  );

  it('would not be worth it for a small one', async () => {
    const { headers } = await client.get('/v1/changes?since=0&limit=1', { 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBeUndefined();
  });
});

describe('HEAD', () => {
  it.each([
    ['/v1/changes?since=now&wait=60', {}, 'application/json'],
    ['/v1/changes?since=0', NDJSON, 'application/x-ndjson'],
    ['/v1/changes?since=0', RECORDS, 'application/vnd.skein.records'],
    ['/v1/changes?since=now', EVENTS, 'text/event-stream'],
  ])('of %s %o says what there is, at once, and reads nothing', async (path, accept, type) => {
    const before = await leader.metric('skein_feed_pages_made_total');
    const { status, headers, bytes } = await client.request('HEAD', path, { headers: accept });
    const { log, head } = await leader.status();
    expect([status, bytes.length]).toStrictEqual([200, 0]);
    expect(headers).toMatchObject({
      'content-type': type,
      'cache-control': 'no-store',
      'skein-log': log,
      'skein-head': `${head.offset}`,
      'skein-tail': '1',
    });
    expect(headers).not.toHaveProperty('content-length');
    expect(await leader.metric('skein_feed_pages_made_total')).toBe(before);
  });

  it('tells whether a position is here', async () => {
    for (const headers of [{}, EVENTS])
      expect((await client.request('HEAD', '/v1/changes?since=999999', { headers })).status).toBe(409);
    expect((await client.request('HEAD', '/v1/changes?since=x')).status).toBe(400);
  });

  it.each([
    '/v1/collections',
    '/v1/collections/loaded',
    '/v1/collections/loaded/k-1',
    '/v1/status',
    '/v1/followers',
    '/v1/snapshot',
    '/livez',
    '/readyz',
    '/healthz',
    '/metrics',
  ])('of %s has the headers of GET', async (path) => {
    for (const accept of [{}, NDJSON]) {
      const [head, get] = [await client.request('HEAD', path, { headers: accept }), await client.get(path, accept)];
      expect([head.status, head.bytes.length]).toStrictEqual([get.status, 0]);
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
      expect(head.headers.etag).toBe(get.headers.etag);
    }
  });
});
