import { Cluster, type Client, type RequestParts } from '@skein/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** What bad input gets: a problem with a stable code, and nothing changed. */
const cluster = new Cluster();
let client: Client;
let position: string;
let log: string;

beforeAll(async () => {
  client = (await cluster.leader()).client;
  await client.put('/v1/collections/docs/a', { a: 1 });
  ({ position, log } = (await client.get('/v1/status')).json);
});
afterEach(async () => {
  expect((await client.get('/v1/status')).json.position).toBe(position);
});
afterAll(() => cluster.close());

async function expectRefusal(method: string, path: string, expected: [number, string], parts: RequestParts = {}) {
  const { status, headers, json } = await client.request(method, path, parts);
  expect([status, json.code]).toStrictEqual(expected);
  expect(json).toMatchObject({
    type: `urn:skein:error:${expected[1]}`,
    title: expect.any(String),
    status: expected[0],
  });
  expect(json.detail).toMatch(/\S/);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['skein-role']).toBe('leader');
  return { headers, json };
}

const JSON_BODY = { body: '1', headers: { 'content-type': 'application/json' } };

describe('a key', () => {
  it.each([
    ['nothing', '', 'bad_key'],
    ['.', '.', 'bad_key'],
    ['..', '..', 'bad_key'],
    ['.. in disguise', '%2e%2E', 'bad_key'],
    ['NUL', 'a%00b', 'bad_key'],
    ['1,025 bytes', 'a'.repeat(1025), 'bad_key'],
    ['1,025 bytes of few characters', encodeURIComponent('ä'.repeat(513)), 'bad_key'],
    ['a lone surrogate', '%ED%A0%80', 'bad_path'],
    ['bytes that are not UTF-8', '%FF', 'bad_path'],
    ['an escape that is none', '%zz', 'bad_path'],
  ])('that is %s is refused, read or written', async (_, key, code) => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const parts = method === 'PUT' || method === 'PATCH' ? JSON_BODY : {};
      await expectRefusal(method, `/v1/collections/docs/${key}`, [400, code], parts);
    }
  });

  it('with a lone surrogate in a body is refused', async () => {
    const headers = { 'content-type': 'application/json' };
    const lines = { body: '[{"key":"\\ud800","value":1}]', headers };
    const { json } = await expectRefusal('POST', '/v1/collections/docs', [400, 'bad_line'], lines);
    expect(json.reason).toBe('bad_key');
    const body = '{"operations":[{"op":"put","collection":"docs","key":"\\udc00","value":1}]}';
    await expectRefusal('POST', '/v1/transactions', [400, 'bad_key'], { body, headers });
  });
});

describe('a collection name', () => {
  it.each(['..%2f', '%2e%2e', '..', 'a%2fb', 'a%00', '%20', '%C3%A4', 'a.b', 'a'.repeat(65), '%24', '$', '$a.b', ''])(
    'like %j is refused, read or written',
    async (name) => {
      await expectRefusal('GET', `/v1/collections/${name}/k`, [400, 'bad_collection']);
      await expectRefusal('PUT', `/v1/collections/${name}/k`, [400, 'bad_collection'], JSON_BODY);
      if (name !== '') await expectRefusal('GET', `/v1/collections/${name}`, [400, 'bad_collection']);
    },
  );

  it.each(['$epochs', '%24definitions'])("of the system's, %s, is read-only", async (name) => {
    expect((await client.get(`/v1/collections/${name}`)).json).toStrictEqual({ documents: [] });
    expect((await client.get(`/v1/collections/${name}/k`)).status).toBe(404);
    const expected: [number, string] = [400, 'reserved_collection'];
    await expectRefusal('PUT', `/v1/collections/${name}/k`, expected, JSON_BODY);
    await expectRefusal('PATCH', `/v1/collections/${name}/k`, expected, JSON_BODY);
    await expectRefusal('DELETE', `/v1/collections/${name}/k`, expected);
    await expectRefusal('POST', `/v1/collections/${name}/k/increment`, expected);
    const bulk = { ...JSON_BODY, body: '[{"key":"k","value":1}]' };
    await expectRefusal('POST', `/v1/collections/${name}`, expected, bulk);
  });
});

describe('a query parameter', () => {
  it.each([
    '/v1/collections',
    '/v1/collections/docs',
    '/v1/collections/docs/a',
    '/v1/changes',
    '/v1/status',
    '/livez',
    '/readyz',
    '/healthz',
    '/metrics',
  ])('that %s does not know is refused', async (path) => {
    for (const query of ['unknown=1', 'Limit=1', '__proto__=1', 'constructor=1', 'a[b]=1']) {
      const { json } = await expectRefusal('GET', `${path}?${query}`, [400, 'bad_query']);
      expect(json.errors).toHaveLength(1);
    }
  });

  it.each([
    ['PUT', '/v1/collections/docs/a?if=1'],
    ['PATCH', '/v1/collections/docs/a?if=1'],
    ['DELETE', '/v1/collections/docs/a?if=1'],
    ['POST', '/v1/collections/docs?if=1'],
    ['POST', '/v1/collections/docs/a/increment?by=1'],
    ['POST', '/v1/transactions?if=1'],
  ])('of a write is refused: %s %s', async (method, path) => {
    await expectRefusal(method, path, [400, 'bad_query'], method === 'DELETE' ? {} : JSON_BODY);
  });

  it.each(['0', '-1', '1e9', '1e3', '5001', 'NaN', '', '%201', '+1', '01', '1.5', '0x1', '1&limit=2'])(
    'limit=%s is refused',
    async (limit) => {
      for (const path of ['/v1/collections/docs', '/v1/changes']) {
        const { json } = await expectRefusal('GET', `${path}?limit=${limit}`, [400, 'bad_query']);
        expect(json.errors[0].path).toBe('limit');
      }
    },
  );

  it.each(['61', '-1', '1s', 'NaN', '', '1&wait=1'])('wait=%s is refused', async (wait) => {
    await expectRefusal('GET', `/v1/changes?wait=${wait}`, [400, 'bad_query']);
    await expectRefusal('GET', `/v1/collections/docs/a?after=0&wait=${wait}`, [400, 'bad_query']);
  });

  it('reverse takes true or false', async () => {
    for (const reverse of ['1', '', 'yes']) {
      await expectRefusal('GET', `/v1/collections/docs?reverse=${reverse}`, [400, 'bad_query']);
    }
  });
});

const HASH = '0123456789abcdef';

describe('a position', () => {
  it.each([
    '-1',
    '1.5',
    '1e3',
    'x',
    '',
    '01',
    '9007199254740992',
    '1.1-aaaaaaaa',
    `1.1-aaaaaaaa.${HASH}.`,
    `1.1-AAAAAAAA.${HASH}`,
    `1.1-aaaaaaaa.${HASH.toUpperCase()}`,
    `0.1-aaaaaaaa.${HASH}`,
    'NOW',
  ])('malformed like %j is refused', async (since) => {
    await expectRefusal('GET', `/v1/changes?since=${since}`, [400, 'bad_position']);
    if (since === '') return;
    const headers = { 'skein-min-position': since };
    await expectRefusal('GET', '/v1/collections/docs/a', [400, 'bad_position'], { headers });
  });

  it('ahead of the head is 409, with what this log has', async () => {
    const [, epoch] = position.split('.');
    for (const since of ['2', '9007199254740991', `2.${epoch!}.${HASH}`]) {
      const { json } = await expectRefusal('GET', `/v1/changes?since=${since}`, [409, 'ahead']);
      expect(json).toMatchObject({ log, epoch, head: position, tail: 1 });
    }
  });

  it('of another log is 409, by its epoch or by the header', async () => {
    const foreign = `/v1/changes?since=1.1-zzzzzzzz.${HASH}`;
    const byEpoch = await expectRefusal('GET', foreign, [409, 'other_log']);
    const headers = { 'skein-log': 'ffffffffffffffffffffffff' };
    const byHeader = await expectRefusal('GET', '/v1/changes?since=1', [409, 'other_log'], { headers });
    for (const { json } of [byEpoch, byHeader]) expect(json).toMatchObject({ log, head: position, tail: 1 });
  });

  it('not on this history is 409, with the fork', async () => {
    const [offset, epoch] = position.split('.');
    const elsewhere = `/v1/changes?since=${offset!}.${epoch!}.${HASH}`;
    const { json } = await expectRefusal('GET', elsewhere, [409, 'diverged']);
    expect(json).toMatchObject({ log, epoch, head: position, tail: 1, fork: 0 });
  });

  it('above the head of a leader is a write it has lost', async () => {
    const headers = { 'skein-min-position': '2' };
    await expectRefusal('GET', '/v1/collections/docs/a', [412, 'write_lost'], { headers });
  });
});

describe('a header', () => {
  it.each([
    ['PUT', '/v1/collections/docs/a', { 'idempotency-key': '' }],
    ['PUT', '/v1/collections/docs/a', { 'idempotency-key': 'a b' }],
    ['PUT', '/v1/collections/docs/a', { 'idempotency-key': 'k'.repeat(256) }],
    ['PUT', '/v1/collections/docs/a', { 'if-match': '1.1-aaaaaaaa' }],
    ['PUT', '/v1/collections/docs/a', { 'if-none-match': '"a", b' }],
    ['GET', '/v1/changes', { 'skein-follower': 'a b' }],
  ])('that is malformed is refused: %s %s %j', async (method, path, headers) => {
    const parts = method === 'GET' ? { headers } : { body: '1', headers: { ...JSON_BODY.headers, ...headers } };
    await expectRefusal(method, path, [400, 'bad_header'], parts);
  });

  it('Accept is answered with 406 when nothing fits', async () => {
    const headers = { accept: 'text/html' };
    await expectRefusal('GET', '/v1/changes', [406, 'not_acceptable'], { headers });
    await expectRefusal('GET', '/v1/collections/docs', [406, 'not_acceptable'], { headers });
  });
});

describe('a path or a method', () => {
  it.each(['/', '/v1', '/v1/nothing', '/v1/collections/docs/a/b', '/v1/collections/docs/a/drop', '//v1/status'])(
    'nobody serves is 404: %s',
    async (path) => {
      await expectRefusal('GET', path, [404, 'unknown_path']);
    },
  );

  it.each([
    ['POST', '/v1/changes', 'GET, HEAD'],
    ['PUT', '/v1/status', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['PUT', '/v1/collections/docs', 'DELETE, GET, HEAD, POST'],
    ['POST', '/v1/collections/docs/a', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['GET', '/v1/transactions', 'POST'],
    ['GET', '/v1/collections/docs/a/increment', 'POST'],
  ])('a path does not take is 405 with what it takes: %s %s', async (method, path, allowed) => {
    const { headers } = await expectRefusal(method, path, [405, 'method_not_allowed']);
    expect(headers['allow']!.split(', ').toSorted().join(', ')).toBe(allowed);
  });

  it('HEAD is GET without the body', async () => {
    const { status, headers, bytes } = await client.request('HEAD', '/v1/collections/docs/a');
    expect([status, bytes.length, headers['content-length']]).toStrictEqual([200, 0, '7']);
    expect((await client.request('HEAD', '/v1/collections/docs/none')).status).toBe(404);
  });
});
