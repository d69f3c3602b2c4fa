/*
 * What a node lets web pages do. A browser sends `Origin` with what a page asks of another origin, asks first before most of
 * it, and shows the page the answer only when that names its origin.
 */
import { HEADERS } from '@skein/protocol';
import { Cluster, runSkein, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const APP = { origin: 'https://app.example' };
const OTHER = { origin: 'https://other.example' };

const cluster = new Cluster();
let shut: NodeProcess;
let open: NodeProcess;
/** Follows the one that is open, and is shut itself. */
let shutFollower: NodeProcess;
/** Follows the one that is shut, and is open to all. */
let openFollower: NodeProcess;

beforeAll(async () => {
  [shut, open] = await Promise.all([
    cluster.leader(),
    cluster.leader({ 'cors-origins': 'https://first.example, https://app.example' }),
  ]);
  [shutFollower, openFollower] = await Promise.all([
    cluster.follower(open),
    cluster.follower(shut, { 'cors-origins': '*' }),
  ]);
  for (const node of [shut, open]) await node.client.put('/v1/collections/docs/a', { a: 1 });
  await shutFollower.caughtUpWith(open);
  await openFollower.caughtUpWith(shut);
});
afterAll(() => cluster.close());

const INCREMENT = '/v1/collections/counters/n/increment';

function preflight(node: NodeProcess, from: Readonly<Record<string, string>>, method = 'PUT') {
  const asked = { 'access-control-request-method': method, 'access-control-request-headers': 'content-type' };
  return node.client.request('OPTIONS', '/v1/collections/docs/a', { headers: { ...from, ...asked } });
}

const saysCors = (headers: object): readonly string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('a node without --cors-origins', () => {
  it('lets no page read, nor ask to write', async () => {
    for (const node of [shut, shutFollower]) {
      const read = await node.client.get('/v1/collections/docs/a', APP);
      expect([read.status, saysCors(read.headers), read.headers['vary']]).toStrictEqual([200, [], undefined]);
      const asked = await preflight(node, APP);
      expect([asked.status, saysCors(asked.headers)]).toStrictEqual([405, []]);
    }
  });

  it('refuses the writes that a browser sends without asking', async () => {
    for (const node of [shut, shutFollower]) {
      for (const path of [INCREMENT, '/v1/admin/demote', '/v1/transactions']) {
        const answer = await node.client.post(path, undefined, APP);
        expect([answer.status, answer.json.code]).toStrictEqual([403, 'origin_refused']);
      }
      expect((await node.client.get('/v1/collections/counters/n')).status).toBe(404);
      expect((await node.client.post(INCREMENT, undefined, { origin: 'null' })).status).toBe(403);
    }
  });

  it('takes the writes of pages that it serves itself', async () => {
    const written = await shut.client.post('/v1/collections/counters/own/increment', undefined, { origin: shut.url });
    expect([written.status, saysCors(written.headers)]).toStrictEqual([201, []]);
  });
});

describe('a node with --cors-origins', () => {
  it('tells a page what it may send', async () => {
    const asked = await preflight(open, APP);
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': APP.origin,
      'access-control-allow-methods': 'GET, HEAD, PUT, PATCH, POST, DELETE',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    const allowed = asked.headers['access-control-allow-headers']!.split(', ');
    for (const name of ['content-type', 'if-match', 'if-none-match', 'prefer', 'authorization', 'last-event-id'])
      expect(allowed).toContain(name);
    expect(allowed).toStrictEqual(expect.arrayContaining([HEADERS.idempotencyKey, HEADERS.minPosition]));
    expect(asked.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('lets a page read answers, their headers and refusals', async () => {
    const write = { ...APP, 'content-type': 'application/json', 'if-match': '"1.1-aaaaaaaa"' };
    const answers = [
      await open.client.get('/v1/collections/docs/a', APP),
      await open.client.get('/v1/collections/docs', { ...APP, 'accept-encoding': 'gzip' }),
      await open.client.get('/v1/changes?since=0', APP),
      await open.client.get('/v1/collections/docs/none', APP),
      await open.client.get('/v1/collections/docs/%zz', APP),
      await open.client.get('/nowhere', APP),
      await open.client.put('/v1/collections/docs/a', 1, write),
    ];
    expect(answers.map(({ status }) => status)).toStrictEqual([200, 200, 200, 404, 400, 404, 412]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(APP.origin);
      const exposed = headers['access-control-expose-headers']!.split(', ');
      for (const name of Object.keys(headers).filter((each) => each.startsWith('skein-')))
        expect(exposed).toContain(name);
      expect(exposed).toStrictEqual(
        expect.arrayContaining(['etag', 'retry-after', 'idempotent-replayed', 'preference-applied', 'allow', 'link']),
      );
    }
    expect(answers[2]!.headers['vary']).toMatch(/^Accept\b.*, Origin$/);
  });

  it('is shut to the pages of others', async () => {
    const read = await open.client.get('/v1/collections/docs/a', OTHER);
    expect([saysCors(read.headers), read.headers['vary']]).toStrictEqual([[], 'Origin']);
    expect((await preflight(open, OTHER)).status).toBe(405);
    expect((await open.client.post(INCREMENT, undefined, OTHER)).json.code).toBe('origin_refused');
    expect((await open.client.post(INCREMENT, undefined, APP)).status).toBe(201);
  });

  it('with * is open to all', async () => {
    const asked = await preflight(openFollower, OTHER, 'DELETE');
    expect([asked.status, asked.headers['access-control-allow-origin']]).toStrictEqual([204, '*']);
    const read = await openFollower.client.get('/v1/collections/docs/a', { origin: 'null' });
    expect(read.headers['access-control-allow-origin']).toBe('*');
  });
});

describe('a follower', () => {
  it('that is open passes writes of pages on to a leader that is not', async () => {
    const written = await openFollower.client.post('/v1/collections/counters/passed/increment', undefined, OTHER);
    expect([written.status, written.headers['access-control-allow-origin']]).toStrictEqual([201, '*']);
    expect(written.headers['skein-position']).toMatch(/^\d+\./);
  });

  it('that is shut is not opened by its leader', async () => {
    const own = { origin: shutFollower.url };
    const written = await shutFollower.client.post('/v1/collections/counters/passed/increment', undefined, own);
    expect([written.status, saysCors(written.headers)]).toStrictEqual([201, []]);
  });
});

describe('--cors-origins', () => {
  it.each([
    'null',
    'app.example',
    'https://app.example/',
    'https://app.example:443',
    'ftp://a',
    '*,https://a.example',
    '',
  ])('does not take %j', async (given) => {
    const { exitCode, stderr } = await runSkein(['config', 'leader', '--cors-origins', given]);
    expect([exitCode, stderr]).toStrictEqual([2, expect.stringContaining('must be * or origins such as')]);
  });

  it('is an error of the configuration where it is one of the environment', async () => {
    const environment = { SKEIN_CORS_ORIGINS: 'everyone' };
    expect((await runSkein(['config', 'follower', '--leader', shut.url], { environment })).exitCode).toBe(78);
  });
});
