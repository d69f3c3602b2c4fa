/*
 * What nodes answer is what their description says: the examples of it are sent as requests, and every answer is held against its
 * schemas, by which nothing may be in it that they do not name.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Cluster, until, type Answer, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../packages/http/src/openapi/document.ts';
import { exampleRequest } from '../../packages/http/src/openapi/example-request.ts';
import { resolve } from '../../packages/http/src/openapi/resolve.ts';

const document = openApiDocument('0');
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'skein', components: closed(document.components) });

/** The same schemas, which refuse what they do not name. Any, since a test that names a field wrongly fails. */
function closed(node: any): any {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map(closed);
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]));
  return node.type === 'object' && node.properties !== undefined && node.additionalProperties === undefined
    ? { ...copy, additionalProperties: false }
    : copy;
}

const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;
const answered = new Set<string>();
afterAll(() => cluster.close());
beforeAll(async () => {
  leader = await cluster.leader();
  follower = await cluster.follower(leader, {}, {});
});

interface Change {
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Sends the example of an operation, changed where that is said, and holds the answer against what is said of it. */
async function tried(node: NodeProcess, id: string, status: number, change: Change = {}): Promise<Answer> {
  const found = operations.find(({ operation }) => operation.operationId === id)!;
  const example = exampleRequest(document, found);
  const body = change.body === undefined ? example.body : JSON.stringify(change.body);
  const path = change.path ?? example.path;
  const headers = { ...(body === null ? {} : { 'content-type': example.contentType! }), ...change.headers };
  const answer = await node.client.request(example.method, `${path}${change.query ?? ''}`, {
    body: body ?? undefined,
    headers,
  });
  expect([id, answer.status, answer.status === status ? '' : answer.text]).toStrictEqual([id, status, '']);
  const said = found.operation.responses[status] as any;
  expect([id, status, said === undefined]).toStrictEqual([id, status, false]);
  const mediaType = answer.headers['content-type']?.split(';')[0];
  const content = said.content?.[mediaType ?? ''];
  if (answer.bytes.length > 0) expect([id, mediaType, content === undefined]).toStrictEqual([id, mediaType, false]);
  if (content?.schema?.$ref !== undefined) {
    const validate = ajv.compile({ $ref: `skein${content.schema.$ref}` });
    expect([id, answer.json, validate(answer.json) ? null : validate.errors]).toStrictEqual([id, answer.json, null]);
  }
  if (mediaType === 'application/problem+json') expect(Object.keys(content.examples)).toContain(answer.json.code);
  else for (const name of Object.keys(said.headers)) resolve(document, said.headers[name]);
  answered.add(id);
  return answer;
}

describe('the answers of nodes', () => {
  it('to what is written', async () => {
    await tried(leader, 'putDefinition', 201);
    await until('its indexes are built', async () => {
      const { indexes } = (await tried(leader, 'listDefinitions', 200)).json.definitions[0];
      return indexes.every(({ state }: { state: string }) => state === 'ready');
    });
    await tried(leader, 'putDocument', 201);
    const { headers } = await tried(follower, 'putDocument', 200);
    await tried(leader, 'putDocument', 412, { headers: { 'if-none-match': '*' } });
    await tried(leader, 'putDocument', 422, { body: { total: -1 } });
    await tried(leader, 'putDocument', 201, { path: '/v1/collections/orders/o-8', body: UNIQUE });
    await tried(leader, 'putDocument', 409, { path: '/v1/collections/orders/o-9', body: UNIQUE });
    await tried(leader, 'patchDocument', 200);
    const counter = (verb: string) => ({ path: `/v1/collections/counters/n/${verb}` });
    await tried(leader, 'incrementDocument', 201, counter('increment'));
    await tried(leader, 'decrementDocument', 200, counter('decrement'));
    await tried(leader, 'appendDocument', 409, counter('append'));
    const note = (verb: string) => ({ path: `/v1/collections/notes/n/${verb}` });
    await tried(leader, 'appendDocument', 201, note('append'));
    await tried(leader, 'prependDocument', 200, note('prepend'));
    await tried(leader, 'loadDocuments', 200);
    await tried(leader, 'loadDocuments', 400, { body: [{ key: 'o-1', value: {} }] });
    await tried(leader, 'commitTransaction', 412);
    await tried(leader, 'commitTransaction', 200, { body: { operations: [ADDS, { ...ADDS, op: 'decrement' }] } });
    await tried(leader, 'putDefinition', 200, { query: '?check=true' });
    await tried(leader, 'putDefinition', 409, { query: '?strict=true', body: { schema: { required: ['none'] } } });
    await tried(leader, 'putDefinition', 400, { body: { schema: { type: 'nothing' } } });
    await tried(leader, 'mergeChanges', 404);
    await tried(follower, 'getDocument', 200, { headers: { 'skein-min-position': headers['skein-position']! } });
  });

  it('to what is read', async () => {
    const { headers } = await tried(leader, 'getDocument', 200);
    await tried(leader, 'getDocument', 304, { headers: { 'if-none-match': headers['etag']! } });
    await tried(leader, 'getDocument', 404, { path: '/v1/collections/orders/none' });
    await tried(leader, 'getDocument', 400, { query: '?none=1' });
    await tried(leader, 'listCollections', 200);
    await tried(leader, 'getDefinition', 200);
    await tried(leader, 'readCollection', 200, { query: '?limit=1' });
    await tried(leader, 'readCollection', 200, { headers: { accept: 'application/x-ndjson' } });
    await tried(leader, 'readCollection', 400, { query: '?index=none' });
    await tried(leader, 'readCollection', 406, { headers: { accept: 'text/csv' } });
    const { json: page } = await tried(leader, 'readChanges', 200);
    await tried(leader, 'readChanges', 200, { headers: { accept: 'application/x-ndjson' } });
    await tried(leader, 'readChanges', 200, { headers: { accept: 'application/vnd.skein.records' } });
    await tried(leader, 'readChanges', 409, { query: '?since=999999999' });
    await tried(leader, 'lookAtChanges', 200);
    await tried(follower, 'readSnapshot', 200, { headers: { 'skein-min-position': page.next } });
    const { headers: of } = await tried(leader, 'readSnapshot', 200, { query: '?limit=1' });
    await tried(leader, 'readNamedDocuments', 200, { path: `/v1/snapshot?at=${of['skein-position']}` });
    await tried(leader, 'readNamedDocuments', 410);
    const { json: root } = await tried(leader, 'readDigest', 200);
    await tried(leader, 'readDigest', 200, { query: `?min=${root.position}` });
    await tried(leader, 'readDigest', 200, { query: '?min=now&by=stamp' });
    await tried(leader, 'readDigest', 200, { query: `?at=${root.position}&level=leaves` });
    await tried(leader, 'readDigest', 200, { query: `?at=${root.position}&level=documents` });
  });

  it('to questions of how they are', async () => {
    await until(
      'the leader knows its follower',
      async () => (await leader.client.get('/v1/followers')).json.followers.length > 0,
    );
    for (const node of [leader, follower])
      for (const id of [
        'getStatus',
        'getHealth',
        'getReadiness',
        'getLiveness',
        'getMetrics',
        'getMember',
        'getOpenApi',
        'getDocs',
      ])
        await tried(node, id, 200);
    await tried(leader, 'getOpenApi', 406, { headers: { accept: 'text/yaml' } });
    const { json: status } = await tried(leader, 'getStatus', 200);
    await tried(leader, 'listFollowers', 200);
    await tried(leader, 'acknowledge', 200, { path: '/v1/followers/reader', body: { applied: status.position } });
    await tried(leader, 'forgetFollower', 204, { path: '/v1/followers/reader' });
    await tried(leader, 'forgetFollower', 404, { path: '/v1/followers/reader' });
  });

  it('to what an operator may do, and to what is deleted', async () => {
    await tried(leader, 'promiseEpoch', 409);
    await tried(leader, 'demote', 409);
    await tried(leader, 'follow', 409);
    await tried(follower, 'demote', 421);
    await tried(follower, 'promote', 409);
    await tried(follower, 'follow', 200, { body: { leader: leader.url } });
    await tried(leader, 'deleteDocument', 200);
    await tried(leader, 'deleteDocument', 404);
    await tried(leader, 'deleteDefinition', 200);
    await tried(leader, 'deleteCollection', 200, { headers: { accept: 'application/x-ndjson' } });
    await tried(leader, 'deleteCollection', 400, { path: '/v1/collections/orders' });
  });

  it('are all held against it', () => {
    expect(operations.map(({ operation }) => operation.operationId).filter((id) => !answered.has(id))).toStrictEqual(
      [],
    );
  });
});

const ADDS = { op: 'increment', collection: 'counters', key: 'n', by: 2 };
const UNIQUE = { customer: 'bob', invoice: { number: 7 } };
