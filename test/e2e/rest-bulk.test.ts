import { Readable } from 'node:stream';
import { Cluster, readFeed, type Client } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let client: Client;

beforeAll(async () => {
  client = (await cluster.leader()).client;
});
afterAll(() => cluster.close());

const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('a bulk load', () => {
  it('takes lines and answers how many there were and where the last one is', async () => {
    const documents = Array.from({ length: 2500 }, (_, i) => ({ key: `k-${i}`, value: { i } }));
    const { status, headers, json } = await client.load('lines', documents);
    expect([status, json.count]).toStrictEqual([200, 2500]);
    expect(json.position).toMatch(/^2500\.1-/);
    expect(headers['skein-position']).toBe(json.position);
    expect((await client.get('/v1/collections/lines/k-2499')).json).toStrictEqual({ i: 2499 });
  });

  it('takes a JSON array', async () => {
    const { status, json } = await client.post('/v1/collections/array', [
      { key: 'a', value: null },
      { key: 'b', value: [1] },
    ]);
    expect([status, json.count]).toStrictEqual([200, 2]);
    expect((await client.get('/v1/collections/array/a')).text).toBe('null');
  });

  it('passes over empty lines, and needs no line end at the end', async () => {
    const body = '{"key":"a","value":1}\r\n\n{"key":"b","value":2}';
    const { json } = await client.request('POST', '/v1/collections/loose', { body, headers: NDJSON });
    expect(json.count).toBe(2);
    const empty = await client.request('POST', '/v1/collections/loose', { body: '', headers: NDJSON });
    expect([empty.status, empty.json]).toStrictEqual([200, { count: 0, position: '0' }]);
  });

  it('with a bad line keeps the groups before it and says how far it came', async () => {
    const good = Array.from({ length: 1500 }, (_, i) => JSON.stringify({ key: `k-${i}`, value: i }));
    const body = `${good.join('\n')}\n{"key":"bad"\n{"key":"after","value":1}\n`;
    const { status, json } = await client.request('POST', '/v1/collections/bad-line', { body, headers: NDJSON });
    expect([status, json.code]).toStrictEqual([400, 'bad_line']);
    expect(json).toMatchObject({ line: 1501, count: 1000, reason: 'bad_json' });
    const { changes, next } = await readFeed(client);
    expect(changes.filter(({ collection }) => collection === 'bad-line')).toHaveLength(1000);
    expect(json.position).toBe(next);
    expect((await client.get('/v1/collections/bad-line/k-999')).status).toBe(200);
    expect((await client.get('/v1/collections/bad-line/k-1000')).status).toBe(404);
  });

  it.each([
    ['a key that is none', '{"key":"","value":1}', 'bad_key'],
    ['no key', '{"value":1}', 'bad_body'],
    ['no value', '{"key":"a"}', 'bad_body'],
    ['something else', '{"key":"a","value":1,"more":1}', 'bad_body'],
    ['a list', '[]', 'bad_body'],
    ['a number out of range', '{"key":"a","value":1e999}', 'bad_number'],
  ])('refuses a line with %s', async (_, line, reason) => {
    const { status, json } = await client.request('POST', '/v1/collections/refused', { body: line, headers: NDJSON });
    expect([status, json.code, json.reason, json.line]).toStrictEqual([400, 'bad_line', reason, 1]);
    expect((await client.get('/v1/collections/refused')).json.documents).toHaveLength(0);
  });

  it('of more than can be held in memory at once arrives whole', async () => {
    const value = 'x'.repeat(1000);
    async function* lines(): AsyncGenerator<string> {
      for (let i = 0; i < 30_000; i++) yield `${JSON.stringify({ key: `s-${i}`, value })}\n`;
    }
    const body = Readable.from(lines(), { objectMode: false });
    const { json } = await client.request('POST', '/v1/collections/stream', { body, headers: NDJSON });
    expect(json.count).toBe(30_000);
    const { collections } = (await client.get('/v1/collections')).json;
    expect(collections).toContainEqual({ name: 'stream', documents: 30_000 });
  });

  it('writes ordinary changes, not one transaction', async () => {
    const { changes } = await readFeed(client);
    const loaded = changes.filter(({ collection }) => collection === 'lines');
    expect(loaded).toHaveLength(2500);
    expect(loaded.filter(({ tx }) => tx !== undefined)).toHaveLength(0);
  });
});

describe('a transaction', () => {
  const run = (operations: readonly unknown[]) => client.post('/v1/transactions', { operations });

  it('writes to several collections at once and answers the version of each', async () => {
    await client.put('/v1/collections/t-stock/apples', { left: 5 });
    const { status, headers, json } = await run([
      { op: 'put', collection: 't-orders', key: 'o', value: { of: 'apples' } },
      { op: 'patch', collection: 't-stock', key: 'apples', value: { left: 4 } },
      { op: 'increment', collection: 't-count', key: 'orders', by: 2 },
      { op: 'decrement', collection: 't-count', key: 'orders' },
      { op: 'append', collection: 't-text', key: 'log', text: 'b' },
      { op: 'prepend', collection: 't-text', key: 'log', text: 'a' },
      { op: 'delete', collection: 't-orders', key: 'o' },
    ]);
    expect(status).toBe(200);
    expect(headers['skein-position']).toBe(json.position);
    expect(json.results).toHaveLength(7);
    expect(json.results[1]).toStrictEqual({ collection: 't-stock', key: 'apples', version: expect.any(String) });
    const values = ['t-stock/apples', 't-count/orders', 't-text/log'].map(
      async (path) => (await client.get(`/v1/collections/${path}`)).json as unknown,
    );
    expect(await Promise.all(values)).toStrictEqual([{ left: 4 }, 1, 'ab']);
    expect((await client.get('/v1/collections/t-orders/o')).status).toBe(404);
    const last = Number(json.position.split('.')[0]);
    const { changes } = await readFeed(client);
    expect(changes.slice(-7).map(({ tx }) => tx)).toStrictEqual(Array.from({ length: 7 }, () => last));
  });

  it.each([
    ['a stale version', { op: 'put', collection: 'c', key: 'b', value: 2, ifVersion: '1.1-aaaaaaaa' }, 412],
    ['a document that must not exist', { op: 'put', collection: 'c', key: 'b', value: 2, ifVersion: null }, 412],
    ['a delete of nothing', { op: 'delete', collection: 'c', key: 'nothing' }, 404],
    ['an operator on another type', { op: 'append', collection: 'c', key: 'b', text: 'x' }, 409],
    ['an unknown operation', { op: 'drop', collection: 'c', key: 'b' }, 400],
    ['a bad key', { op: 'put', collection: 'c', key: '..', value: 1 }, 400],
    ['a bad collection', { op: 'put', collection: '../', key: 'k', value: 1 }, 400],
    ["a collection of the system's", { op: 'put', collection: '$epochs', key: 'k', value: 1 }, 400],
    ['a member nobody knows', { op: 'delete', collection: 'c', key: 'b', wait: 1 }, 400],
  ])('with %s does nothing at all', async (_, operation, status) => {
    await client.put('/v1/collections/c/b', 1);
    const before = (await client.get('/v1/status')).json.position;
    const answer = await run([{ op: 'put', collection: 'c', key: 'a', value: 1 }, operation]);
    expect(answer.status).toBe(status);
    expect((await client.get('/v1/collections/c/a')).status).toBe(404);
    expect((await client.get('/v1/status')).json.position).toBe(before);
  });

  it('says which of its operations was refused', async () => {
    const { json } = await run([
      { op: 'put', collection: 'c', key: 'a', value: 1 },
      { op: 'delete', collection: 'c', key: 'nothing' },
    ]);
    expect(json).toMatchObject({ code: 'not_found', operation: 1, collection: 'c', key: 'nothing' });
  });

  it('happens when the versions are as it says', async () => {
    const { version } = (await client.put('/v1/collections/versions/a', 1)).json;
    const operations = [
      { op: 'put', collection: 'versions', key: 'a', value: 2, ifVersion: version },
      { op: 'put', collection: 'versions', key: 'new', value: 2, ifVersion: null },
    ];
    expect((await run(operations)).status).toBe(200);
    expect((await run(operations)).status).toBe(412);
  });

  it('needs at least one operation and takes at most 1,000', async () => {
    const put = (i: number): unknown => ({ op: 'put', collection: 'many', key: `k-${i}`, value: i });
    expect((await run([])).status).toBe(400);
    expect((await run(Array.from({ length: 1000 }, (_, i) => put(i)))).status).toBe(200);
    expect((await run(Array.from({ length: 1001 }, (_, i) => put(i)))).status).toBe(400);
  });
});
