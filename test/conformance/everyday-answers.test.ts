/*
 * What is answered without the app is answered as the app does: two leaders that are alike in everything are asked the same,
 * one of them through its app alone.
 */
import { createHash } from 'node:crypto';
import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Store } from '@skein/core';
import { Leader } from '@skein/leader';
import { aloneWith, createMemoryLevel, ManualClock } from '@skein/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const RETENTION = { changesMin: 1_000_000, bytesMax: 1e9, silenceMsMax: 1e9 };
const VALUE_BYTES_MAX = 5000;

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Told {
  readonly status: number | undefined;
  readonly headers: object;
  readonly body: string;
}

interface Node {
  readonly leader: Leader;
  readonly url: string;
  /** How many requests its app had. */
  readonly countOfApp: () => number;
  close(): Promise<void>;
}

/** The same draws for every node. */
function drawn(): (size: number) => Buffer {
  let count = 0;
  return (size) => createHash('sha256').update(String(count++)).digest().subarray(0, size);
}

async function startNode(way: 'routes' | 'app'): Promise<Node> {
  const clock = new ManualClock();
  const { level } = await createMemoryLevel();
  const randomness = drawn();
  const store = await Store.open({
    level,
    role: 'leader',
    node: 'n',
    clock,
    randomness,
    valueBytesMax: VALUE_BYTES_MAX,
  });
  await store.definitions.put('strict', { schema: { type: 'object', required: ['a'] } });
  const leader = new Leader({
    store,
    membership: aloneWith(store),
    clock,
    random: () => 0.5,
    version: 'test',
    retention: RETENTION,
    corsOrigins: ['http://a.example'],
  });
  const { app, routes } = leader.server;
  await app.ready();
  const ofApp = vi.spyOn(app, 'routing');
  const answers = way === 'app' ? app : routes;
  const server: Server = createServer((request, response) => answers.routing(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    leader,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    countOfApp: () => ofApp.mock.calls.length,
    async close() {
      server.closeAllConnections();
      server.close();
      await leader.stop();
      await store.close();
    },
  };
}

let nodes: readonly [Node, Node];

beforeEach(async () => {
  nodes = [await startNode('routes'), await startNode('app')];
});

afterEach(async () => {
  for (const node of nodes) await node.close();
});

function tell(url: string, { method, path, headers, body }: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = ask(url, { method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { date: _, ...others } = response.headers;
        resolve({
          status: response.statusCode,
          headers: others,
          body: Buffer.concat(chunks).toString('latin1'),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Asks both, and answers what both have told. */
async function expectAlike(asked: Asked): Promise<Told> {
  const [everyday, ofApp] = await Promise.all(nodes.map(({ url }) => tell(url, asked)));
  expect(everyday).toStrictEqual(ofApp);
  return everyday!;
}

const put = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'PUT',
  path: `/v1/collections/${path}`,
  headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...headers },
  body,
});
const get = (path: string, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'GET',
  path: `/v1/collections/${path}`,
  headers,
  body: '',
});

it('a plain PUT and a plain GET need no app', async () => {
  expect(await expectAlike(put('c/k', '{"a":"ä"}'))).toMatchObject({ status: 201 });
  expect(await expectAlike(put('c/k', '{"a": "€"}'))).toMatchObject({ status: 200 });
  expect(await expectAlike(get('c/k'))).toMatchObject({ body: Buffer.from('{"a":"€"}').toString('latin1') });
  expect(await expectAlike(get('c/none'))).toMatchObject({ status: 404 });
  expect(await expectAlike(put('strict/k', '{"b":1}'))).toMatchObject({ status: 422 });
  expect(nodes.map(({ countOfApp }) => countOfApp())).toStrictEqual([0, 5]);
});

it('one that asks for anything else is the business of the app', async () => {
  await expectAlike(put('c/k', '1'));
  for (const [name, value] of [
    ['if-match', '"9.1-x"'],
    ['if-none-match', '*'],
    ['prefer', 'replicas=1'],
    ['idempotency-key', 'once'],
    ['skein-min-position', '1'],
    ['origin', 'http://b.example'],
    ['x-of-tomorrow', '1'],
  ] as const) {
    const before = nodes[0].countOfApp();
    await expectAlike(get('c/k', { [name]: value }));
    await expectAlike(put('c/k', '1', { [name]: value }));
    expect({ [name]: nodes[0].countOfApp() }).toStrictEqual({ [name]: before + 2 });
  }
});

it('a document that is worth compressing is, where it may be', async () => {
  await expectAlike(put('c/large', JSON.stringify('x'.repeat(3000))));
  await expectAlike(put('c/small', '1'));
  await expectAlike(get('c/small', { 'accept-encoding': 'gzip' }));
  await expectAlike(get('c/large'));
  expect(nodes[0].countOfApp()).toBe(0);
  const { headers: given } = await expectAlike(get('c/large', { 'accept-encoding': 'gzip' }));
  expect(given).toHaveProperty('content-encoding', 'gzip');
});

it('both count what they answer', async () => {
  await expectAlike(put('c/k', '1'));
  await expectAlike(get('c/k'));
  const counted = async ({ url }: Node): Promise<readonly string[]> => {
    const { body } = await tell(url, { method: 'GET', path: '/metrics', headers: {}, body: '' });
    return body.split('\n').filter((line) => line.startsWith('skein_http_request_duration_seconds_count'));
  };
  const [everyday, ofApp] = await Promise.all(nodes.map(counted));
  expect(everyday).toHaveLength(2);
  expect(everyday).toStrictEqual(ofApp);
});

it('what is asked of a node that stops is answered, and its connection closed', async () => {
  const stopping = nodes.map(({ leader }) => leader.stop(() => expectAlike(get('c/k')).then(() => undefined)));
  await Promise.all(stopping);
  expect(nodes[0].countOfApp()).toBeGreaterThan(0);
});

const names = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('c', 'strict', 'k') },
  fc.constantFrom('a:b', 'x~', 'ä', 'a b', '..', '.', '%2e', '$definitions', 'c'.repeat(65), ''),
);
const segments = fc.tuple(names, names).map(([collection, key]) => `${collection}/${key}`);
const ends = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom('?', '?a=1', '/', '/append', '#x'));
const paths = fc.tuple(segments, ends).map(([path, end]) => encodeURI(path).replaceAll('%25', '%') + end);
const headers = fc.dictionary(
  fc.constantFrom(
    'accept',
    'accept-encoding',
    'content-type',
    'if-match',
    'if-none-match',
    'prefer',
    'origin',
    'traceparent',
    'cache-control',
  ),
  fc.constantFrom(
    'gzip',
    '*',
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    '"1.1-a"',
    'wait=0',
    'http://a.example',
  ),
  { maxKeys: 2 },
);
const bodies = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    'null',
    '{"a":',
    '"\\ud800"',
    '1e999',
    '{"__proto__":1}',
    '['.repeat(70),
    `"${'x'.repeat(VALUE_BYTES_MAX)}"`,
    `"${'y'.repeat(3000)}"`,
  ),
  fc.json(),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
);
const plain = fc.constantFrom('c/k', 'c/a:b', 'strict/k');
const requests = fc.oneof(
  fc.tuple(plain, bodies).map(([path, body]) => put(path, body)),
  plain.map((path) => get(path)),
  fc.tuple(paths, bodies, headers).map(([path, body, more]) => put(path, body, more)),
  fc.tuple(paths, headers).map(([path, more]) => get(path, more)),
  fc.tuple(segments, bodies).map(([path, body]) => ({ ...put(encodeURI(path), body), method: 'DELETE' })),
);

it('whatever is asked', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 20, size: 'max' }), async (all) => {
      for (const asked of all) await expectAlike(asked);
    }),
    { numRuns: 60 },
  );
  // Else this has shown nothing.
  expect(nodes[0].countOfApp()).toBeLessThan(nodes[1].countOfApp() * 0.8);
});
