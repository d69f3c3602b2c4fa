/*
 * A follower that has no reason to ask its leader for changes still knows whether it is there, and takes that for no more
 * than it is.
 */
import { Cluster, freePort, NodeProcess, until } from '@skein/testing';
import { afterAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
afterAll(() => cluster.close());

const OFTEN = { 'ping-interval': '200ms', 'request-timeout': '2s' };

const hears = (node: NodeProcess, isThere: boolean): Promise<unknown> =>
  until(`the leader is reachable: ${isThere}`, async () => (await node.status()).leader.reachable === isThere);

describe('a follower that polls once an hour', () => {
  it('notices that its leader goes and comes', async () => {
    const leader = await cluster.leader();
    await leader.client.put('/v1/collections/c/k', 1);
    const follower = await cluster.follower(leader, { ...OFTEN, 'poll-interval': '1h' });
    await follower.caughtUpWith(leader);
    await hears(follower, true);
    await leader.stop();
    await hears(follower, false);
    await leader.start();
    await hears(follower, true);
    // It has not asked for changes meanwhile: what it knows of them is what it knew.
    expect((await follower.health()).error_count).toBe(0);
  });
});

describe('a follower that leaves its leader alone for an hour after a failure', () => {
  it('hears that the leader is there, and claims neither contact nor lag for it', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const follower = await cluster.follower({ url }, { ...OFTEN, 'circuit-failures': 1, 'circuit-open': '1h' });
    await until('the circuit is open', async () => (await follower.status()).replication.circuit === 'open');
    await hears(follower, false);

    const leader = new NodeProcess({ role: 'leader', data: await cluster.directory(), port, flags: {} });
    cluster.atEnd(() => leader.dispose());
    await leader.start();
    await hears(follower, true);
    const { replication, leader: known, lag } = await follower.status();
    expect(known).toMatchObject({ head: null, epoch: null, path: null, last_heard_seconds_ago: expect.any(Number) });
    expect(replication).toMatchObject({ circuit: 'open', connected: false });
    expect(lag).toStrictEqual({ changes: null, seconds: null });
    expect(await follower.health()).toMatchObject({ healthy: false, connected: false, lag_changes: null });
  });
});
