import { Cluster, rawBrokenOff, rawExchange, readFeed, until, type Client } from '@skein/testing';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let client: Client;

beforeAll(async () => {
  client = (await cluster.leader()).client;
});
afterAll(() => cluster.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Sends a body and expects the refusal, and that nothing was written. */
async function expectRefusal(
  method: string,
  path: string,
  body: string | Buffer,
  expected: unknown[],
  type = JSON_TYPE,
) {
  const before = (await client.get('/v1/status')).json.position;
  const { status, json } = await client.request(method, path, { body, headers: type });
  expect([status, json.code]).toStrictEqual(expected);
  expect((await client.get('/v1/status')).json.position).toBe(before);
  return json;
}

describe('a body', () => {
  it.each([
    ['nothing', ''],
    ['an open brace', '{"a":'],
    ['two values', '1 2'],
    ['single quotes', "{'a':1}"],
    ['NaN', 'NaN'],
    ['a byte order mark', '\ufeff1'],
  ])('that is %s is refused as JSON', async (_, body) => {
    await expectRefusal('PUT', '/v1/collections/docs/a', body, [400, 'bad_json']);
    await expectRefusal('PATCH', '/v1/collections/docs/a', body, [400, 'bad_json']);
    await expectRefusal('POST', '/v1/collections/docs/a/append', body, [400, 'bad_json']);
    await expectRefusal('POST', '/v1/transactions', body, [400, 'bad_json']);
    await expectRefusal('POST', '/v1/collections/docs', body, [400, 'bad_json']);
  });

  it('that is not UTF-8 is refused', async () => {
    const body = Buffer.concat([Buffer.from('"'), Buffer.of(0xc3, 0x28), Buffer.from('"')]);
    await expectRefusal('PUT', '/v1/collections/docs/a', body, [400, 'bad_json']);
    const line = Buffer.concat([Buffer.from('{"key":"'), Buffer.of(0xff), Buffer.from('","value":1}')]);
    await expectRefusal('POST', '/v1/collections/docs', line, [400, 'bad_line'], NDJSON_TYPE);
  });

  it('with a number beyond a double is refused', async () => {
    await expectRefusal('PUT', '/v1/collections/docs/a', '[1e999]', [400, 'bad_number']);
    await expectRefusal('PATCH', '/v1/collections/docs/a', '{"a":-1e999}', [400, 'bad_number']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonx', ''])(
    'of type %j is 415',
    async (type) => {
      const headers = type === '' ? {} : { 'content-type': type };
      for (const [method, path] of [
        ['PUT', '/v1/collections/docs/a'],
        ['PATCH', '/v1/collections/docs/a'],
        ['POST', '/v1/collections/docs/a/increment'],
        ['POST', '/v1/collections/docs'],
        ['POST', '/v1/transactions'],
      ] as const) {
        const { status, json } = await client.request(method, path, { body: '1', headers });
        expect([status, json.code]).toStrictEqual([415, 'unsupported_media_type']);
      }
    },
  );

  it.each([
    ['increment', '{"by":"1"}'],
    ['increment', '{"by":1,"more":1}'],
    ['decrement', '{"by":null}'],
    ['append', '{"text":1}'],
    ['append', '{}'],
    ['prepend', '"text"'],
  ])('of %s may not be %s', async (verb, body) => {
    const json = await expectRefusal('POST', `/v1/collections/docs/a/${verb}`, body, [400, 'bad_body']);
    expect(json.errors.length).toBeGreaterThan(0);
  });
});

describe('a value', () => {
  it('may be 1 MiB and not a byte more', async () => {
    const limit = 1024 * 1024;
    const value = `"${'x'.repeat(limit - 2)}"`;
    const fits = await client.request('PUT', '/v1/collections/big/a', { body: value, headers: JSON_TYPE });
    expect(fits.status).toBe(201);
    await expectRefusal('PUT', '/v1/collections/big/b', `${value} `, [413, 'too_large']);
    const over = `"${'x'.repeat(limit - 1)}"`;
    await expectRefusal('PUT', '/v1/collections/big/b', over, [413, 'too_large']);
    await expectRefusal('PATCH', '/v1/collections/big/b', over, [413, 'too_large']);
    await expectRefusal('POST', '/v1/collections/big/a/append', '{"text":"x"}', [413, 'too_large']);
    await expectRefusal('POST', '/v1/collections/big', `[{"key":"b","value":${over}}]`, [413, 'too_large']);
    const line = `{"key":"b","value":${over}}\n`;
    await expectRefusal('POST', '/v1/collections/big', line, [413, 'too_large'], NDJSON_TYPE);
    const operation = `{"op":"put","collection":"big","key":"b","value":${over}}`;
    await expectRefusal('POST', '/v1/transactions', `{"operations":[${operation}]}`, [413, 'too_large']);
  });

  it('counts bytes, not characters', async () => {
    await expectRefusal('PUT', '/v1/collections/big/b', `"${'€'.repeat(400_000)}"`, [413, 'too_large']);
  });

  it('may be nested 64 deep and not deeper, however it comes', async () => {
    for (const depth of [64, 65]) {
      const value = nested(depth);
      const operation = `{"op":"put","collection":"deep","key":"k","value":${value}}`;
      const answers = [
        await client.request('PUT', '/v1/collections/deep/k', { body: value, headers: JSON_TYPE }),
        await client.request('PATCH', '/v1/collections/deep/k', { body: value, headers: JSON_TYPE }),
        await client.request('POST', '/v1/transactions', { body: `{"operations":[${operation}]}`, headers: JSON_TYPE }),
        await client.request('POST', '/v1/collections/deep', {
          body: `[{"key":"k","value":${value}}]`,
          headers: JSON_TYPE,
        }),
        await client.request('POST', '/v1/collections/deep', {
          body: `{"key":"k","value":${value}}`,
          headers: NDJSON_TYPE,
        }),
      ];
      const outcomes = answers.map(({ status, json }) =>
        status < 300 ? 'taken' : `${status} ${json.reason ?? json.code}`,
      );
      expect(outcomes).toStrictEqual(answers.map(() => (depth === 64 ? 'taken' : '400 too_deep')));
    }
    await expectRefusal('PUT', '/v1/collections/deep/k', nested(100_000), [400, 'too_deep']);
  });

  it('with __proto__ in it is data like any other', async () => {
    const value = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const put = (path: string) => client.request('PUT', path, { body: value, headers: JSON_TYPE });
    expect((await put('/v1/collections/__proto__/__proto__')).status).toBe(201);
    expect((await client.get('/v1/collections/__proto__/__proto__')).text).toBe(value);
    const patch = { body: value, headers: JSON_TYPE };
    expect((await client.request('PATCH', '/v1/collections/proto/p', patch)).status).toBe(201);
    expect((await client.get('/v1/collections/proto/p')).text).toBe(value);
    const more = { body: '{"__proto__":{"more":2}}', headers: JSON_TYPE };
    expect((await client.request('PATCH', '/v1/collections/proto/p', more)).status).toBe(200);
    expect((await client.get('/v1/collections/proto/p')).text).toContain('{"__proto__":{"polluted":1,"more":2},');
    const gone = { body: '{"__proto__":null}', headers: JSON_TYPE };
    await client.request('PATCH', '/v1/collections/proto/p', gone);
    expect((await client.get('/v1/collections/proto/p')).text).toBe('{"constructor":{"prototype":{"polluted":1}}}');
    const line = `{"key":"l","value":1,"__proto__":1}`;
    await expectRefusal('POST', '/v1/collections/proto', line, [400, 'bad_line'], NDJSON_TYPE);
    expect((await client.get('/v1/status')).json).not.toHaveProperty('polluted');
    expect((await client.get('/v1/collections')).json.collections).toContainEqual({ name: '__proto__', documents: 1 });
  });
});

describe('a body that stops halfway', () => {
  const head = (method: string, path: string, type: string, more: string): string =>
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;

  it('writes nothing and is told so', async () => {
    const request = head('PUT', '/v1/collections/half/a', 'application/json', 'Content-Length: 100');
    const answer = parse(await rawBrokenOff(client.url, request, '{"a":1}'));
    expect([answer.status, answer.json.code]).toStrictEqual([400, 'incomplete_body']);
    expect((await client.get('/v1/collections/half/a')).status).toBe(404);
  });

  it('keeps the groups of a bulk load that were committed before, and says where they end', async () => {
    const lines = Array.from({ length: 2500 }, (_, i) => `{"key":"k-${i}","value":${i}}\n`).join('');
    const request = head('POST', '/v1/collections/half-load', 'application/x-ndjson', 'Transfer-Encoding: chunked');
    const chunk = `${Buffer.byteLength(lines).toString(16)}\r\n${lines}\r\n`;
    const answer = parse(await rawBrokenOff(client.url, request, chunk, 'ff\r\n{"key":"cut'));
    expect([answer.status, answer.json.code]).toStrictEqual([400, 'incomplete_body']);
    expect(answer.json).toMatchObject({ count: 2000, line: 2501 });
    const { changes, next } = await readFeed(client);
    expect(changes.filter(({ collection }) => collection === 'half-load')).toHaveLength(2000);
    expect(answer.json.position).toBe(next);
  });

  it('because the client is gone commits nothing of the group that was arriving', async () => {
    const request = head('POST', '/v1/collections/gone', 'application/x-ndjson', 'Content-Length: 1000000');
    const { hostname, port } = new URL(client.url);
    const lines = Array.from({ length: 1500 }, (_, i) => `{"key":"k-${i}","value":${i}}\n`).join('');
    const socket = connect(Number(port), hostname, () => socket.write(request + lines));
    await until(
      'the first group is there',
      async () => (await client.get('/v1/collections/gone/k-999')).status === 200,
    );
    socket.destroy();
    await client.put('/v1/collections/half/after', 1);
    const { changes } = await readFeed(client);
    expect(changes.filter(({ collection }) => collection === 'gone')).toHaveLength(1000);
  });

  it.each([
    ['PUT', '/v1/collections/rest/a', 'application/json', `"${'x'.repeat(3_000_000)}"`, 413],
    ['PUT', '/v1/collections/rest/a', 'text/plain', 'x'.repeat(3_000_000), 415],
    ['POST', '/v1/collections/rest', 'application/x-ndjson', `{}\n${'{"key":"a","value":1}\n'.repeat(150_000)}`, 400],
  ])(
    'or is refused halfway leaves the connection to the next request: %s %s as %s',
    async (method, path, type, body, status) => {
      const request = head(method, path, type, `Content-Length: ${body.length}`);
      const answers = await rawExchange(
        client.url,
        request,
        body,
        'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      );
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toStrictEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200']);
    },
  );

  it('or is refused halfway on a connection that ends with it gets its answer', async () => {
    const body = 'x'.repeat(5_000_000);
    const more = `Content-Length: ${body.length}\r\nConnection: close`;
    const answer = parse(
      await rawExchange(client.url, head('PUT', '/v1/collections/rest/a', 'application/json', more), body),
    );
    expect([answer.status, answer.json.code]).toStrictEqual([413, 'too_large']);
  });

  it.each([
    ['nonsense', 'nonsense\r\n\r\n'],
    ['two lengths', 'PUT /v1/collections/h/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1'],
    [
      'a length and chunks',
      'PUT /v1/collections/h/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1',
    ],
    ['an endless header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('and what is not HTTP, %s, is answered and cut off', async (_, bytes) => {
    const answer = parse(await rawExchange(client.url, bytes));
    expect([answer.status, answer.json.code]).toStrictEqual([400, 'bad_request']);
    expect((await client.get('/livez')).status).toBe(200);
  });

  function parse(response: string): { readonly status: number; readonly json: any } {
    const [headers = '', body = ''] = response.split('\r\n\r\n');
    return { status: Number(headers.split(' ')[1]), json: JSON.parse(body) };
  }
});
