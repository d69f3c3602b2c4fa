import { Cluster, freePort, NodeProcess, rawExchange, readFeed, type Client } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
/** A follower of a follower, so that every write goes over two nodes. */
let client: Client;
let second: NodeProcess;

beforeAll(async () => {
  leader = await cluster.leader();
  const first = await cluster.follower(leader);
  second = await cluster.follower(first, { 'node-id': 'second' });
  client = second.client;
});
afterAll(() => cluster.close());

describe('a write sent to a follower', () => {
  it('is done by the leader, of whatever kind it is', async () => {
    const path = '/v1/collections/fwd/k';
    const created = await client.put(path, { a: 1 });
    expect([created.status, created.headers['skein-role'], created.headers['skein-node']]).toStrictEqual([
      201,
      'follower',
      'second',
    ]);
    expect(created.headers['etag']).toBe(`"${created.json.version}"`);
    expect(created.headers['skein-position']).toBe(created.json.position);
    expect((await client.patch(path, { b: 2 })).status).toBe(200);
    expect((await leader.client.get(path)).json).toStrictEqual({ a: 1, b: 2 });
    expect((await client.post('/v1/collections/fwd/n/increment')).json.value).toBe(1);
    expect((await client.post('/v1/collections/fwd/n/decrement', { by: 3 })).json.value).toBe(-2);
    expect((await client.post('/v1/collections/fwd/t/append', { text: 'b' })).json.value).toBe('b');
    expect((await client.post('/v1/collections/fwd/t/prepend', { text: 'a' })).json.value).toBe('ab');
    expect((await client.delete(path)).status).toBe(200);
    expect((await leader.client.get(path)).status).toBe(404);
    const operations = [{ op: 'put', collection: 'fwd', key: 'tx', value: 1 }];
    expect((await client.post('/v1/transactions', { operations })).json.results).toHaveLength(1);
  });

  it('can be read there at once by its position', async () => {
    for (let i = 0; i < 10; i++) {
      const { headers } = await client.put('/v1/collections/fwd/ryw', i);
      const read = await client.get('/v1/collections/fwd/ryw', { 'skein-min-position': headers['skein-position']! });
      expect([read.status, read.json]).toStrictEqual([200, i]);
    }
  });

  it('may be a long bulk load, and is told how far that came', async () => {
    const documents = Array.from({ length: 20_000 }, (_, i) => ({ key: `k-${i}`, value: 'x'.repeat(200) }));
    expect((await client.load('fwd-bulk', documents)).json.count).toBe(20_000);
    expect((await client.post('/v1/collections/fwd-bulk', [{ key: 'array', value: 1 }])).json.count).toBe(1);
    const bad = await client.load('fwd-bad', [...documents.slice(0, 1001), { key: '' }]);
    expect([bad.status, bad.json]).toMatchObject([400, { code: 'bad_line', line: 1002, count: 1000 }]);
  });

  it("may be larger than a value, and the limits are the leader's", async () => {
    const { status, json } = await client.put('/v1/collections/fwd/big', 'x'.repeat(1024 * 1024));
    expect([status, json.code]).toStrictEqual([413, 'too_large']);
  });

  it('that is refused in the middle of its body leaves the connection to the next', async () => {
    const big = JSON.stringify('x'.repeat(4 * 1024 * 1024));
    const head = `PUT /v1/collections/fwd/big HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${big.length}\r\n\r\n`;
    for (let i = 0; i < 3; i++) {
      const answers = await rawExchange(
        client.url,
        head,
        big,
        'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      );
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toStrictEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
    }
  });

  it('is refused as the leader refuses it', async () => {
    await client.put('/v1/collections/fwd/cond', 'text');
    const clash = await client.put('/v1/collections/fwd/cond', 2, { 'if-none-match': '*' });
    expect([clash.status, clash.json.code]).toStrictEqual([412, 'precondition_failed']);
    expect((await client.post('/v1/collections/fwd/cond/increment')).json.code).toBe('wrong_type');
    expect((await client.put('/v1/collections/$x/k', 2)).json.code).toBe('reserved_collection');
    expect((await client.put('/v1/collections/fwd/..', 2)).json.code).toBe('bad_key');
    expect((await client.put('/v1/collections/fwd/k?a=1', 2)).json.code).toBe('bad_query');
    const malformed = { body: '{', headers: { 'content-type': 'application/json' } };
    expect((await client.request('PUT', '/v1/collections/fwd/k', malformed)).json.code).toBe('bad_json');
    expect((await client.delete('/v1/collections/fwd/missing')).json.code).toBe('not_found');
    expect((await client.delete('/v1/transactions')).status).toBe(405);
  });

  it('happens once however often it is repeated, there or at the leader', async () => {
    const key = { 'idempotency-key': 'through-follower' };
    const first = await client.post('/v1/collections/fwd/once/increment', { by: 1 }, key);
    const repeats = [
      await client.post('/v1/collections/fwd/once/increment', { by: 1 }, key),
      await leader.client.post('/v1/collections/fwd/once/increment', { by: 1 }, key),
    ];
    for (const { json, headers } of repeats) {
      expect([json, headers['idempotent-replayed']]).toStrictEqual([first.json, 'true']);
    }
    const { changes } = await readFeed(leader.client);
    expect(changes.filter((change) => change.collection === 'fwd' && change.key === 'once')).toHaveLength(1);
  });

  it("is 421 with the leader's address when the client does not want it forwarded", async () => {
    for (const prefer of ['no-forward', 'wait=1, No-Forward']) {
      const { status, json, headers } = await client.put('/v1/collections/fwd/k', 1, { prefer });
      expect([status, json.code]).toStrictEqual([421, 'not_leader']);
      expect(headers['skein-leader']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    }
  });

  it("is 421 with the leader's address when the operator does not want it forwarded", async () => {
    const shut = await cluster.follower(leader, { 'forward-writes': 'off' });
    const answers = [
      await shut.client.put('/v1/collections/fwd/k', 1),
      await shut.client.patch('/v1/collections/fwd/k', {}),
      await shut.client.delete('/v1/collections/fwd/k'),
      await shut.client.post('/v1/collections/fwd/k/append', { text: '' }),
      await shut.client.post('/v1/transactions', {}),
      await shut.client.load('fwd', [{ key: 'a', value: 1 }]),
    ];
    for (const { status, json, headers } of answers) {
      expect([status, json.code, headers['skein-leader']]).toStrictEqual([421, 'not_leader', leader.url]);
    }
    expect((await shut.client.get('/v1/collections/fwd')).status).toBe(200);
  });
});

describe('a write whose leader does not answer', () => {
  const TIMEOUT_MS = 1000;

  async function expectUnavailable(node: NodeProcess): Promise<void> {
    const startedAt = performance.now();
    const { status, json, headers } = await node.client.put('/v1/collections/fwd/k', 1);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + 1000);
    expect([status, json.code, headers['retry-after']]).toStrictEqual([503, 'leader_unavailable', '1']);
  }

  it('is 503 within the request timeout, and reads go on', async () => {
    const gone = await cluster.leader();
    const orphan = await cluster.follower(gone, { 'request-timeout': `${TIMEOUT_MS}ms` });
    await gone.client.put('/v1/collections/fwd/k', 'kept');
    await orphan.caughtUpWith(gone);

    gone.pause();
    await expectUnavailable(orphan);
    gone.resume();

    await gone.kill();
    await expectUnavailable(orphan);
    expect((await orphan.client.get('/v1/collections/fwd/k')).json).toBe('kept');

    await gone.start();
    expect((await orphan.client.put('/v1/collections/fwd/k', 'back')).status).toBe(200);
  });

  it('is 503 and goes round once when followers follow each other in a circle', async () => {
    const ports = [await freePort(), await freePort()];
    const nodes = await Promise.all(
      ports.map(async (port, i) => {
        const flags = { leader: `http://127.0.0.1:${ports[1 - i]!}`, 'backoff-base': '1s' };
        const node = new NodeProcess({ role: 'follower', data: await cluster.directory(), port, flags });
        cluster.atEnd(() => node.dispose());
        await node.start();
        return node;
      }),
    );
    const { status, json } = await nodes[0]!.client.put('/v1/collections/fwd/k', 1);
    expect([status, json.code]).toStrictEqual([503, 'leader_unavailable']);
    expect((await nodes[0]!.client.get('/readyz')).status).toBe(503);
  });
});
