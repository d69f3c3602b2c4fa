import { Cluster, freePort, NodeProcess, readDocuments, readFeed, readRecords, until } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;
/** Follows the follower. */
let second: NodeProcess;

beforeAll(async () => {
  leader = await cluster.leader({ 'node-id': 'lead' });
  follower = await cluster.follower(leader, { 'node-id': 'follow-1' });
  second = await cluster.follower(follower, { 'node-id': 'follow-2' });
});
afterAll(() => cluster.close());

/** Something of everything a leader can write. */
async function writeOfEveryKind({ client }: NodeProcess, collection: string): Promise<void> {
  const path = `/v1/collections/${collection}`;
  await client.put(`${path}/put`, { text: '"\\\u2028😀', list: [1, null, { deep: [[]] }] });
  await client.patch(`${path}/put`, { list: null, more: true });
  await client.post(`${path}/count/increment`, { by: 2 });
  await client.post(`${path}/text/append`, { text: 'a' });
  await client.put(`${path}/${encodeURIComponent('key/with "quotes" и')}`, 1);
  await client.put(`${path}/gone`, 1);
  await client.delete(`${path}/gone`);
  await client.put(`${path}/once`, 1, { 'idempotency-key': `${collection}-once` });
  await client.post('/v1/transactions', {
    operations: [
      { op: 'put', collection, key: 'tx', value: 1 },
      { op: 'increment', collection: `${collection}-2`, key: 'tx' },
    ],
  });
  await client.load(
    collection,
    Array.from({ length: 1500 }, (_, i) => ({ key: `load-${i}`, value: 'x'.repeat(i % 300) })),
  );
}

async function expectSame(a: NodeProcess, b: NodeProcess): Promise<void> {
  await b.caughtUpWith(a);
  const [ofA, ofB] = await Promise.all([readRecords(a.client), readRecords(b.client)]);
  expect(Buffer.concat(ofB.map(({ bytes }) => bytes)).equals(Buffer.concat(ofA.map(({ bytes }) => bytes)))).toBe(true);
  expect(await readDocuments(b.client)).toStrictEqual(await readDocuments(a.client));
}

describe('a follower', () => {
  it('holds what its leader holds: the same records, byte for byte, and the same documents', async () => {
    await writeOfEveryKind(leader, 'every');
    await expectSame(leader, follower);
    expect((await follower.client.get('/v1/collections')).json).toStrictEqual(
      (await leader.client.get('/v1/collections')).json,
    );
  });

  it('of a follower holds the same', async () => {
    await writeOfEveryKind(leader, 'chain');
    await expectSame(leader, second);
  });

  it('says what it is, where its leader is and how far behind it is', async () => {
    await follower.caughtUpWith(leader);
    const { log, epoch, position } = await leader.status();
    const status = await follower.status();
    expect(status).toMatchObject({
      role: 'follower',
      node: 'follow-1',
      log,
      epoch,
      position,
      applied: status.head.offset,
    });
    expect(status.leader).toStrictEqual({
      url: leader.url,
      epoch,
      head: status.head.offset,
      path: ['lead'],
      reachable: true,
      last_heard_seconds_ago: expect.any(Number),
    });
    expect(status.lag.changes).toBe(0);
    expect(await follower.health()).toStrictEqual({
      healthy: true,
      role: 'follower',
      lag_seconds: expect.any(Number),
      lag_changes: 0,
      last_sync: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      last_change_id: status.head.offset,
      changes_applied: status.head.offset,
      connected: true,
      outbox_drift: 0,
      error_count: expect.any(Number),
      last_error: null,
      error: null,
    });
    for (const path of ['/livez', '/readyz', '/healthz']) expect((await follower.client.get(path)).status).toBe(200);
    expect((await follower.client.get('/livez')).headers).toMatchObject({
      'skein-role': 'follower',
      'skein-node': 'follow-1',
      'skein-epoch': epoch,
    });
  });

  it('serves the feed at the very same positions', async () => {
    await second.caughtUpWith(leader);
    const fromLeader = await leader.client.get('/v1/changes?since=3&limit=4');
    for (const node of [follower, second]) {
      const page = await node.client.get('/v1/changes?since=3&limit=4');
      expect(page.bytes.equals(fromLeader.bytes)).toBe(true);
    }
  });
});

describe('reading your own writes', () => {
  it('works on any follower with the position of the write', async () => {
    for (let i = 0; i < 30; i++) {
      const { headers } = await leader.client.put('/v1/collections/own/k', i);
      const min = { 'skein-min-position': headers['skein-position']! };
      const reads = [follower, second].map((node) => node.client.get('/v1/collections/own/k', min));
      expect((await Promise.all(reads)).map(({ status, json }) => [status, json])).toStrictEqual([
        [200, i],
        [200, i],
      ]);
    }
  });

  it('is 504 when the position does not come in time, for pages and lists too', async () => {
    const beyond = { 'skein-min-position': String((await leader.head()) + 1), prefer: 'wait=1' };
    for (const path of ['/v1/collections/own/k', '/v1/collections/own', '/v1/collections']) {
      const startedAt = performance.now();
      const { status, json } = await follower.client.get(path, beyond);
      expect([status, json.code]).toStrictEqual([504, 'wait_timeout']);
      expect(performance.now() - startedAt).toBeGreaterThan(950);
    }
    const atOnce = await follower.client.get('/v1/collections/own/k', { ...beyond, prefer: 'wait=0' });
    expect(atOnce.status).toBe(504);
  });

  it('is answered as soon as the position comes', async () => {
    const beyond = { 'skein-min-position': String((await leader.head()) + 1), prefer: 'wait=30' };
    const reading = follower.client.get('/v1/collections/own/late', beyond);
    await leader.client.put('/v1/collections/own/late', 1);
    expect((await reading).status).toBe(200);
  });

  it('is 412 when the write is not on this history', async () => {
    const [offset, epoch] = (await leader.status()).position.split('.');
    await follower.caughtUpWith(leader);
    for (const lost of [`${offset}.${epoch}.0123456789abcdef`, `1.1-zzzzzzzz.0123456789abcdef`]) {
      const { status, json } = await follower.client.get('/v1/collections/own/k', { 'skein-min-position': lost });
      expect([status, json.code]).toStrictEqual([412, 'write_lost']);
    }
  });
});

describe('a follower that was away', () => {
  it('goes on where it was, and applies nothing twice', async () => {
    await follower.caughtUpWith(leader);
    const before = await follower.head();
    expect(await follower.stop()).toStrictEqual({ exitCode: 0, signal: undefined });
    await leader.client.load(
      'away',
      Array.from({ length: 700 }, (_, i) => ({ key: `k-${i}`, value: i })),
    );
    await follower.start();
    await expectSame(leader, follower);
    expect((await follower.health()).changes_applied).toBe((await leader.head()) - before);
    expect(await follower.metric('skein_replication_changes_applied_total')).toBe((await leader.head()) - before);
  });

  it('goes on after kill -9 in the middle of writes, and so does the one behind it', async () => {
    let isWriting = true;
    const writing = (async () => {
      for (let i = 0; isWriting; i++) await leader.client.put(`/v1/collections/killed/k-${i % 50}`, i);
    })();
    for (let i = 0; i < 3; i++) {
      const head = await follower.head();
      await until('it applies', async () => (await follower.head()) > head);
      await follower.kill();
      await follower.start();
    }
    isWriting = false;
    await writing;
    await expectSame(leader, follower);
    await expectSame(leader, second);
    await readFeed(second.client);
  });

  it('or that starts before its leader is live, not ready, and says so until it has reached it', async () => {
    const port = await freePort();
    const early = await cluster.follower({ url: `http://127.0.0.1:${port}` });
    expect((await early.client.get('/livez')).status).toBe(200);
    const notReady = await early.client.get('/readyz');
    expect([notReady.status, notReady.json.reason]).toStrictEqual([503, expect.stringMatching(/leader/)]);
    const { status, json, headers } = await early.client.get('/v1/changes');
    expect([status, json.code, headers['retry-after']]).toStrictEqual([503, 'starting', '1']);
    const health = await early.health();
    expect(health).toMatchObject({ healthy: false, lag_seconds: null, lag_changes: null, last_sync: null });

    const late = new NodeProcess({ role: 'leader', data: await cluster.directory(), port, flags: {} });
    cluster.atEnd(() => late.dispose());
    await late.start();
    await writeOfEveryKind(late, 'late');
    await early.ready();
    await expectSame(late, early);
  });
});

describe('a chain under a leader that nobody has written to', () => {
  it('is in contact from end to end, serves an empty feed, and takes the first write', async () => {
    const unwritten = await cluster.leader({ 'node-id': 'unwritten' });
    const middle = await cluster.follower(unwritten, { 'node-id': 'middle' });
    const end = await cluster.follower(middle, { 'node-id': 'end' });
    await end.ready();
    const { json, headers } = await end.client.get('/v1/changes');
    const ofLeader = (await unwritten.client.get('/v1/changes')).json;
    expect(json).toStrictEqual({ ...ofLeader, changes: [] });
    expect(headers['skein-epoch']).toBe(ofLeader.epoch);
    expect(await end.health()).toMatchObject({ healthy: true, lag_changes: 0, connected: true });

    await unwritten.client.put('/v1/collections/c/first', 1);
    await expectSame(unwritten, end);
  });
});

describe('a polling follower', () => {
  it('asks now and then, and holds the same', async () => {
    const polling = await cluster.follower(leader, { 'poll-interval': '50ms', 'batch-size': 50 });
    await writeOfEveryKind(leader, 'polled');
    await expectSame(leader, polling);
    await polling.ready();
    expect(await polling.metric('skein_replication_lag_changes')).toBe(0);
  });
});
