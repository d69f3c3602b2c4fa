/*
 * What holds of a collection is said once, over REST, and held to by whichever node takes the writes: a schema, unique fields,
 * indexes to find documents by, and how long they live.
 */
import { Cluster, startMembers, until, type Client, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let client: Client;
afterAll(() => cluster.close());
beforeAll(async () => {
  leader = await cluster.leader();
  client = leader.client;
});

const ORDER = {
  schema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['total'],
    properties: { total: { type: 'number', minimum: 0 } },
  },
};

const define = (at: Client, collection: string, definition: unknown, query = '') =>
  at.put(`/v1/definitions/${collection}${query}`, definition);

/** Waits until all indexes of a collection are built there. */
async function indexed(at: Client, collection: string): Promise<void> {
  await until(`the indexes of ${collection} are built`, async () => {
    const { collections } = (await at.get('/v1/collections')).json;
    const indexes = collections.find(({ name }: { name: string }) => name === collection)?.indexes ?? [];
    return indexes.length > 0 && indexes.every(({ state }: { state: string }) => state === 'ready');
  });
}

describe('a definition', () => {
  it('is created, read under its version, listed, replaced where it is as was said, and deleted', async () => {
    const created = await define(client, 'kept', ORDER);
    expect([created.status, created.json]).toStrictEqual([
      201,
      { key: 'kept', version: expect.any(String), position: created.headers['skein-position'] },
    ]);
    const read = await client.get('/v1/definitions/kept');
    expect([read.json, read.headers['etag']]).toStrictEqual([ORDER, `"${created.json.version}"`]);
    const { definitions } = (await client.get('/v1/definitions')).json;
    expect(definitions).toContainEqual({
      collection: 'kept',
      version: created.json.version,
      definition: ORDER,
      indexes: [],
    });
    expect((await client.get('/v1/collections/$definitions/kept')).json).toStrictEqual(ORDER);
    const stale = await client.put('/v1/definitions/kept', {}, { 'if-match': '"1.1-00000000"' });
    expect([stale.status, stale.json.code]).toStrictEqual([412, 'precondition_failed']);
    const replaced = await client.put('/v1/definitions/kept', {}, { 'if-match': read.headers['etag']! });
    expect(replaced.status).toBe(200);
    expect((await client.delete('/v1/definitions/kept')).status).toBe(200);
    expect((await client.get('/v1/definitions/kept')).json.code).toBe('not_found');
    expect((await client.delete('/v1/definitions/kept')).json.code).toBe('not_found');
  });

  it('is held to by every way to write, and the refusal lists all that is wrong', async () => {
    await define(client, 'orders', ORDER);
    const refused = await client.put('/v1/collections/orders/bad', { total: -1 });
    expect([refused.status, refused.headers['content-type'], refused.json]).toMatchObject([
      422,
      expect.stringMatching(/^application\/problem\+json/),
      { code: 'invalid_document', violations: [{ path: '/total', rule: 'minimum', message: 'must be >= 0' }] },
    ]);
    const url = '/v1/collections/orders';
    await client.put(`${url}/good`, { total: 1 });
    const others = [
      await client.patch(`${url}/good`, { total: null }),
      await client.post(`${url}/counter/increment`),
      await client.post(`${url}/text/append`, { text: 'a' }),
    ];
    expect(others.map(({ json }) => json.code)).toStrictEqual(Array(3).fill('invalid_document'));
    const operation = (key: string, value: unknown) => ({ op: 'put', collection: 'orders', key, value });
    const transaction = await client.post('/v1/transactions', {
      operations: [operation('t', { total: 2 }), operation('u', 3)],
    });
    expect(transaction.json).toMatchObject({ status: 422, operation: 1, violations: [{ path: '', rule: 'type' }] });
    const loaded = await client.load('orders', [
      { key: 'l1', value: { total: 1 } },
      { key: 'l2', value: {} },
    ]);
    expect(loaded.json).toMatchObject({ status: 400, code: 'bad_line', line: 2, count: 0, reason: 'invalid_document' });
    const { documents } = (await client.get(url)).json;
    expect(documents.map(({ key }: { key: string }) => key)).toStrictEqual(['good']);
  });

  it.each([
    ['a schema that is none', { schema: { type: 'nothing' } }],
    ['a schema of another document', { schema: { $ref: 'https://example.com/schema' } }],
    ['an unknown member', { index: [] }],
    ['an index without fields', { indexes: [{ name: 'i', fields: [] }] }],
    ['two indexes of one name', { indexes: [1, 2].map((i) => ({ name: 'i', fields: [`f${i}`] })) }],
    ['a field that is none', { indexes: [{ name: 'i', fields: ['a..b'] }] }],
    ['two ways to expire', { ttlField: 'a', ttlSeconds: 1 }],
    ['a time that is none', { ttlSeconds: 0 }],
    ['no object', []],
  ])('with %s is refused, and nothing is stored', async (_what, definition) => {
    const { status, json } = await define(client, 'broken', definition);
    expect([status, ['bad_definition', 'bad_body'].includes(json.code)]).toStrictEqual([400, true]);
    expect((await client.get('/v1/definitions/broken')).status).toBe(404);
  });

  it('is refused for a collection of the system, and with a query that nobody knows', async () => {
    expect((await define(client, '$epochs', {})).json.code).toBe('reserved_collection');
    expect((await define(client, 'c', {}, '?dry=true')).json.code).toBe('bad_query');
    expect((await define(client, 'c', {}, '?check=yes')).json.code).toBe('bad_query');
  });

  it('tells what breaks it: instead of being stored with check, and where anything does with strict', async () => {
    await client.load(
      'users',
      ['a', 'a', 'b'].map((email, i) => ({ key: `u${i}`, value: { email, age: i } })),
    );
    const definition = {
      schema: { properties: { age: { maximum: 1 } } },
      indexes: [{ name: 'by-email', fields: ['email'], unique: true }],
    };
    const checked = await define(client, 'users', definition, '?check=true');
    expect([checked.status, checked.json]).toMatchObject([200, { documents: 3, broken: 3 }]);
    expect(checked.json.examples[2]).toMatchObject({ key: 'u2', violations: [{ path: '/age', rule: 'maximum' }] });
    const strict = await define(client, 'users', definition, '?strict=true');
    expect([strict.status, strict.json.code, strict.json.broken]).toStrictEqual([409, 'definition_broken', 3]);
    expect((await client.get('/v1/definitions/users')).status).toBe(404);
    await client.patch('/v1/collections/users/u0', { email: 'c' });
    await client.patch('/v1/collections/users/u2', { age: 0 });
    expect((await define(client, 'users', definition, '?strict=true')).status).toBe(201);
    await indexed(client, 'users');
    const twice = await client.put('/v1/collections/users/u3', { email: 'c' });
    expect([twice.status, twice.json]).toMatchObject([409, { code: 'not_unique', index: 'by-email', key: 'u0' }]);
  });
});

describe('an index', () => {
  const query = (at: Client, parameters: Record<string, string>, headers = {}) =>
    at.get(`/v1/collections/sales?${new URLSearchParams({ index: 'by-customer', ...parameters })}`, headers);
  const keys = (answer: { json: { documents: { key: string }[] } }) => answer.json.documents.map(({ key }) => key);

  it('finds documents on every node, in pages and as a stream', async () => {
    await client.load(
      'sales',
      Array.from({ length: 30 }, (_, i) => ({
        key: `s${i}`,
        value: { customer: i % 3 === 0 ? 'ann' : 'bob', total: i },
      })),
    );
    await client.put('/v1/collections/sales/none', { customer: 'ann' });
    const definition = { indexes: [{ name: 'by-customer', fields: ['customer', 'total'] }] };
    const { json } = await define(client, 'sales', definition);
    const follower = await cluster.follower(leader);
    await follower.client.get('/v1/definitions/sales', { 'skein-min-position': json.position, prefer: 'wait=20' });
    for (const at of [client, follower.client]) {
      await indexed(at, 'sales');
      expect(keys(await query(at, { prefix: '["ann"]' }))).toStrictEqual(
        Array.from({ length: 10 }, (_, i) => `s${3 * i}`),
      );
      const between = await query(at, { from: '["ann",20]', to: '["bob",5]' });
      expect(keys(between)).toStrictEqual(['s21', 's24', 's27', 's1', 's2', 's4']);
      const first = await query(at, { prefix: '["bob"]', reverse: 'true', limit: '3' });
      expect(keys(first)).toStrictEqual(['s29', 's28', 's26']);
      const rest = await query(at, { prefix: '["bob"]', reverse: 'true', limit: '2', after: first.json.next });
      expect(keys(rest)).toStrictEqual(['s25', 's23']);
      const lines = await query(at, { prefix: '["ann"]' }, { accept: 'application/x-ndjson' });
      expect(lines.lines.map(({ value }) => value.total)).toStrictEqual(Array.from({ length: 10 }, (_, i) => 3 * i));
    }
  });

  it.each([
    [{ index: 'no-such' }, 'unknown_index'],
    [{ prefix: 'ann' }, 'bad_query'],
    [{ prefix: '{"a":1}' }, 'bad_query'],
    [{ prefix: '["ann",1,2]' }, 'bad_query'],
    [{ from: '[[1]]' }, 'bad_query'],
    [{ after: 'no cursor' }, 'bad_query'],
  ])('asked for with %o answers %s', async (parameters, code) => {
    const { status, json } = await query(client, parameters);
    expect([status, json.code]).toStrictEqual([400, code]);
  });
});

describe('what expires', () => {
  it('is gone for readers, then deleted as an ordinary change, which the feed tells', async () => {
    await define(client, 'sessions', { ttlField: 'until' });
    const soon = new Date(Date.now() + 300).toISOString();
    const put = await client.put('/v1/collections/sessions/s', { until: soon });
    await client.put('/v1/collections/sessions/stays', { until: null });
    await until('it is gone', async () => (await client.get('/v1/collections/sessions/s')).status === 404);
    const feed = await client.get(`/v1/changes?since=${put.json.position}&collections=sessions&wait=20`);
    const changes = [...feed.json.changes];
    for (let since = feed.json.next; !changes.some(({ op }) => op === 'delete');) {
      const { json } = await client.get(`/v1/changes?since=${since}&collections=sessions&wait=20`);
      changes.push(...json.changes);
      since = json.next;
    }
    expect(changes.map(({ op, key }) => `${op} ${key}`)).toStrictEqual(['put stays', 'delete s']);
    const refused = await client.put('/v1/collections/sessions/s', { until: 'soon' });
    expect(refused.json).toMatchObject({ status: 422, violations: [{ path: '/until', rule: 'ttlField' }] });
  });
});

describe('a definition made on a follower', () => {
  it('is passed on to the leader, and held to by the member that leads next', async () => {
    const [a, b] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess];
    const definition = { ...ORDER, indexes: [{ name: 'by-total', fields: ['total'], unique: true }], ttlSeconds: 3600 };
    const made = await define(b.client, 'orders', definition, '?strict=true');
    expect([made.status, made.headers['skein-role']]).toStrictEqual([201, 'follower']);
    await indexed(a.client, 'orders');
    expect((await a.client.put('/v1/collections/orders/o', { total: 1 })).status).toBe(201);
    await a.kill();
    expect((await b.client.post('/v1/admin/promote', {})).status).toBe(200);
    const refused = await until('the indexes are there', async () => {
      const answer = await b.client.put('/v1/collections/orders/p', { total: 1 });
      return answer.status !== 503 && answer;
    });
    expect([refused.status, refused.json.code]).toStrictEqual([409, 'not_unique']);
    expect((await b.client.put('/v1/collections/orders/p', {})).json.code).toBe('invalid_document');
    expect((await b.client.put('/v1/collections/orders/p', { total: 2 })).status).toBe(201);
  });
});
