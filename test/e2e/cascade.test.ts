/*
 * leader → f1 → f2 → f3: changes go down, writes go up, and a node in the middle can be replaced.
 */
import { Cluster, freePort, NodeProcess, readDocuments, readRecords, until, type Flags } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SOON: Flags = { 'backoff-base': '200ms', 'backoff-max': '500ms', 'circuit-open': '200ms' };

const cluster = new Cluster();
let leader: NodeProcess;
let f1: NodeProcess;
let f2: NodeProcess;
let f3: NodeProcess;
let portOfF2 = 0;

async function nodeInTheMiddle(flags: Flags): Promise<NodeProcess> {
  const data = await cluster.directory();
  const all = { ...SOON, leader: f1.url, ...flags };
  const node = new NodeProcess({ role: 'follower', data, port: portOfF2, flags: all });
  cluster.atEnd(() => node.dispose());
  await node.start();
  return node;
}

beforeAll(async () => {
  leader = await cluster.leader({ 'node-id': 'lead' });
  f1 = await cluster.follower(leader, { 'node-id': 'f1' });
  portOfF2 = await freePort();
  f2 = await nodeInTheMiddle({ 'node-id': 'f2' });
  f3 = await cluster.follower(f2, { ...SOON, 'node-id': 'f3' });
});
afterAll(() => cluster.close());

const path = async (): Promise<string> => String((await f3.status()).leader.path);

describe('a cascade of three followers', () => {
  it('brings what is written at its leader to its end, which knows the way', async () => {
    const { headers } = await leader.client.put('/v1/collections/c/k', 1);
    const read = await f3.client.get('/v1/collections/c/k', { 'skein-min-position': headers['skein-position']! });
    expect([read.status, read.json]).toStrictEqual([200, 1]);
    expect((await f3.status()).leader.path).toStrictEqual(['f2', 'f1', 'lead']);
  });

  it('brings what is written at its end to its leader, and back', async () => {
    const { status, headers } = await f3.client.put('/v1/collections/c/upwards', 1);
    expect(status).toBe(201);
    expect((await leader.client.get('/v1/collections/c/upwards')).json).toBe(1);
    const position = { 'skein-min-position': headers['skein-position']! };
    expect((await f3.client.get('/v1/collections/c/upwards', position)).json).toBe(1);
  });

  it('says at its end how far it is behind the leader, not behind its neighbour', async () => {
    const first = await cluster.follower(leader, { ...SOON, 'poll-interval': '100ms', 'request-timeout': '500ms' });
    const last = await cluster.follower(first, { ...SOON, 'max-lag': '2s' });
    await last.caughtUpWith(leader);
    await last.ready();
    expect((await last.health()).lag_changes).toBe(0);

    const { headers } = await first.client.get(`/v1/changes?since=${await leader.head()}`);
    expect(headers['skein-lag-changes']).toBe('0');
    // A follower is told at once that there is nothing new, and would be parked for a minute otherwise.
    const idle = `/v1/changes?since=${headers['skein-next']}&wait=60`;
    const told = await first.client.get(idle, { 'skein-follower': 'somebody' });
    expect([told.status, told.json.changes]).toStrictEqual([200, []]);
    expect(Number(told.headers['skein-lag-ms'])).toBeLessThan(60_000);

    leader.pause();
    try {
      await until('its end knows that it is late', async () =>
        (await last.health()).error?.includes('the bound is 2 s'),
      );
      expect(await last.health()).toMatchObject({ connected: true, healthy: false });
      expect((await last.client.get('/readyz')).status).toBe(503);
      await until('it is told that nobody knows', async () => (await last.health()).lag_changes === null);
    } finally {
      leader.resume();
    }
    await last.ready();
    expect((await last.health()).healthy).toBe(true);
  });

  it('goes on when a node in the middle is replaced by an empty one, which is behind those who follow it', async () => {
    for (let i = 0; i < 150; i++) await leader.client.put(`/v1/collections/c/k-${i}`, i);
    await f3.caughtUpWith(leader);
    await f2.stop();
    await leader.client.put('/v1/collections/c/meanwhile', 1);

    // It gets what it lacks little by little, so that f3 finds it behind.
    f2 = await nodeInTheMiddle({ 'node-id': 'f2-anew', 'rate-limit': 30, 'rate-burst': 1 });
    await until('f3 says that it is behind', async () => (await f3.health()).last_error?.includes('behind this node'));
    expect((await f3.status()).replication.phase).toBe('following');
    expect(await f3.health()).toMatchObject({ healthy: false, connected: false });

    await leader.client.put('/v1/collections/c/after', 1);
    await f3.ready();
    await f3.caughtUpWith(leader);
    expect(await path()).toBe('f2-anew,f1,lead');
    expect((await f3.health()).changes_applied).toBe(await leader.head());
    const [ofLeader, ofF3] = [await readRecords(leader.client), await readRecords(f3.client)];
    expect(ofF3.at(-1)).toStrictEqual(ofLeader.at(-1));
    expect(ofF3).toHaveLength(ofLeader.length);
    expect(await readDocuments(f3.client)).toStrictEqual(await readDocuments(leader.client));
  });
});
