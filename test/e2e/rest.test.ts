import { Cluster, type Client } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let client: Client;

beforeAll(async () => {
  client = (await cluster.leader({ 'node-id': 'leader-1' })).client;
});
afterAll(() => cluster.close());

const POSITION = /^(\d+)\.1-[0-9a-z]{8}\.[0-9a-f]{16}$/;
const VERSION = /^(\d+)\.1-[0-9a-z]{8}$/;
const VERSION_ZERO = '999.1-aaaaaaaa';

describe('a document', () => {
  it('is created with 201 and replaced with 200, each with its version and position', async () => {
    const created = await client.put('/v1/collections/orders/o-1', { total: 42 });
    expect(created.status).toBe(201);
    expect(created.json).toStrictEqual({
      key: 'o-1',
      version: expect.stringMatching(VERSION),
      position: expect.stringMatching(POSITION),
    });
    expect(created.headers['skein-position']).toBe(created.json.position);
    expect(created.headers['etag']).toBe(`"${created.json.version}"`);
    const replaced = await client.put('/v1/collections/orders/o-1', { total: 43 });
    expect(replaced.status).toBe(200);
    expect(offsetOf(replaced.json.version)).toBe(offsetOf(created.json.version) + 1);
  });

  it('is read as its bare value, with its ETag', async () => {
    const { version } = (await client.put('/v1/collections/orders/read', { a: [1, 'zwei', null, { b: true }] })).json;
    const { status, headers, text } = await client.get('/v1/collections/orders/read');
    expect([status, text]).toStrictEqual([200, '{"a":[1,"zwei",null,{"b":true}]}']);
    expect(headers).toMatchObject({ etag: `"${version}"`, 'content-type': 'application/json' });
  });

  it.each(['null', 'true', '0', '-0.5', '""', '"text"', '[]', '{}', '1e+300', '"\\ud83d\\ude00"'])(
    'may be any JSON value: %s',
    async (value) => {
      const body = { body: value, headers: { 'content-type': 'application/json; charset=utf-8' } };
      expect((await client.request('PUT', '/v1/collections/values/v', body)).status).toBeLessThan(300);
      expect((await client.get('/v1/collections/values/v')).json).toStrictEqual(JSON.parse(value));
    },
  );

  it.each(['a/b', 'ключ', '😀', ' ', '%', '?#&', '__proto__', 'constructor', '...', '\u0001', 'ä'.repeat(512)])(
    'may have the key %.20j',
    async (key) => {
      const path = `/v1/collections/keys/${encodeURIComponent(key)}`;
      expect((await client.put(path, { key })).json.key).toBe(key);
      expect((await client.get(path)).json).toStrictEqual({ key });
    },
  );

  it('that is not there is 404', async () => {
    for (const answer of [
      await client.get('/v1/collections/orders/no'),
      await client.delete('/v1/collections/no/no'),
    ]) {
      expect([answer.status, answer.json.code]).toStrictEqual([404, 'not_found']);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
  });

  it('is deleted, and can be made anew', async () => {
    const path = '/v1/collections/orders/gone';
    const { version } = (await client.put(path, 1)).json;
    const deleted = await client.delete(path);
    expect([deleted.status, deleted.json.key]).toStrictEqual([200, 'gone']);
    expect(offsetOf(deleted.json.version)).toBe(offsetOf(version) + 1);
    expect(deleted.headers['skein-position']).toBe(deleted.json.position);
    expect((await client.get(path)).status).toBe(404);
    expect((await client.put(path, 2)).status).toBe(201);
  });
});

describe('every response', () => {
  it.each([
    ['GET', '/v1/collections'],
    ['GET', '/v1/collections/orders/missing'],
    ['PUT', '/v1/collections/orders/missing'],
    ['GET', '/v1/changes'],
    ['GET', '/v1/changes?since=nonsense'],
    ['GET', '/v1/status'],
    ['GET', '/livez'],
    ['GET', '/readyz'],
    ['GET', '/healthz'],
    ['GET', '/metrics'],
    ['GET', '/nothing/here'],
    ['DELETE', '/v1/status'],
    ['GET', '/v1/collections/orders/%zz'],
  ])('says who answered: %s %s', async (method, path) => {
    const { headers } = await client.request(method, path);
    expect(headers['skein-role']).toBe('leader');
    expect(headers['skein-node']).toBe('leader-1');
    expect(headers['skein-epoch']).toMatch(/^1-[0-9a-z]{8}$/);
  });
});

describe('conditions', () => {
  it('answer 304 to a reader who has the version', async () => {
    const { version } = (await client.put('/v1/collections/cond/read', 1)).json;
    const matching = [`"${version}"`, `W/"${version}"`, `"1.1-aaaaaaaa", "${version}"`, '*'];
    for (const tag of matching) {
      const answer = await client.get('/v1/collections/cond/read', { 'if-none-match': tag });
      expect([answer.status, answer.text, answer.headers['etag']]).toStrictEqual([304, '', `"${version}"`]);
    }
    const other = await client.get('/v1/collections/cond/read', { 'if-none-match': `"${VERSION_ZERO}"` });
    expect([other.status, other.text]).toStrictEqual([200, '1']);
  });

  it('let a write happen only to the version it names', async () => {
    const path = '/v1/collections/cond/match';
    const { version } = (await client.put(path, 1)).json;
    const stale = await client.put(path, 2, { 'if-match': `"${VERSION_ZERO}"` });
    expect([stale.status, stale.json.code, stale.json.version]).toStrictEqual([412, 'precondition_failed', version]);
    expect((await client.patch(path, 2, { 'if-match': `"${VERSION_ZERO}"` })).status).toBe(412);
    expect((await client.delete(path, { 'if-match': `"${VERSION_ZERO}"` })).status).toBe(412);
    expect((await client.post(`${path}/increment`, { by: 1 }, { 'if-match': `"${VERSION_ZERO}"` })).status).toBe(412);
    expect((await client.get(path)).text).toBe('1');
    expect((await client.put(path, 2, { 'if-match': `"${version}"` })).status).toBe(200);
    expect((await client.put(path, 3, { 'if-match': '*' })).status).toBe(200);
    expect((await client.put('/v1/collections/cond/absent', 3, { 'if-match': '*' })).status).toBe(412);
  });

  it('let a document be created once, however many try at once', async () => {
    const attempts = Array.from({ length: 20 }, (_, i) =>
      client.put('/v1/collections/cond/once', i, { 'if-none-match': '*' }),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toStrictEqual([201, ...Array.from({ length: 19 }, () => 412)]);
  });
});

describe('a merge patch', () => {
  it('changes, adds and removes members, and creates what is not there', async () => {
    const path = '/v1/collections/patch/p';
    expect((await client.patch(path, { a: 1, b: { c: 2, d: 3 }, gone: null })).status).toBe(201);
    expect((await client.get(path)).json).toStrictEqual({ a: 1, b: { c: 2, d: 3 } });
    const patched = await client.patch(path, { b: { c: null, e: [1] }, f: 'x' });
    expect([patched.status, patched.headers['skein-position']]).toStrictEqual([200, patched.json.position]);
    expect((await client.get(path)).json).toStrictEqual({ a: 1, b: { d: 3, e: [1] }, f: 'x' });
    const body = { body: '{"a":null}', headers: { 'content-type': 'application/merge-patch+json' } };
    expect((await client.request('PATCH', path, body)).status).toBe(200);
    expect((await client.get(path)).json).toStrictEqual({ b: { d: 3, e: [1] }, f: 'x' });
    expect((await client.patch(path, ['whole'])).status).toBe(200);
    expect((await client.get(path)).json).toStrictEqual(['whole']);
  });
});

describe('the operators', () => {
  it('count from 0, by 1 unless told otherwise', async () => {
    const path = '/v1/collections/ops/n';
    const first = await client.post(`${path}/increment`);
    expect([first.status, first.json.value]).toStrictEqual([201, 1]);
    const rest = [
      await client.post(`${path}/increment`, { by: 4 }),
      await client.post(`${path}/decrement`, {}),
      await client.post(`${path}/decrement`, { by: 0.5 }),
      await client.post(`${path}/increment`, { by: -10 }),
    ];
    expect(rest.map(({ status, json }) => [status, json.value])).toStrictEqual([
      [200, 5],
      [200, 4],
      [200, 3.5],
      [200, -6.5],
    ]);
    expect(rest.at(-1)!.json).toStrictEqual({
      key: 'n',
      version: expect.stringMatching(VERSION),
      position: expect.stringMatching(POSITION),
      value: -6.5,
    });
    expect((await client.get(path)).json).toBe(-6.5);
  });

  it('write on both ends of a text, from ""', async () => {
    const path = '/v1/collections/ops/t';
    expect((await client.post(`${path}/append`, { text: 'b' })).json.value).toBe('b');
    expect((await client.post(`${path}/append`, { text: 'c' })).json.value).toBe('bc');
    expect((await client.post(`${path}/prepend`, { text: 'a' })).json.value).toBe('abc');
    expect((await client.get(path)).json).toBe('abc');
  });

  it('are 409 on a document of another type, and change nothing', async () => {
    await client.put('/v1/collections/ops/object', { n: 1 });
    for (const [verb, body] of [
      ['increment', { by: 1 }],
      ['decrement', { by: 1 }],
      ['append', { text: 'x' }],
      ['prepend', { text: 'x' }],
    ] as const) {
      const { status, json } = await client.post(`/v1/collections/ops/object/${verb}`, body);
      expect([status, json.code]).toStrictEqual([409, 'wrong_type']);
    }
    expect((await client.get('/v1/collections/ops/object')).json).toStrictEqual({ n: 1 });
  });

  it('lose nothing when many come at once', async () => {
    await Promise.all(Array.from({ length: 100 }, () => client.post('/v1/collections/ops/many/increment')));
    expect((await client.get('/v1/collections/ops/many')).json).toBe(100);
  });
});

function offsetOf(version: string): number {
  return Number(VERSION.exec(version)![1]);
}
