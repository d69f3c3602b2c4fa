/* Nodes that do not say what they have passed, since only a broker brings something of them, or they have a gap. */
import type { MergeChange } from '@skein/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Mesh, type TestNode } from './mesh-kit.ts';

const DAY_MS = 24 * 3_600_000;

let net: Mesh;
beforeEach(() => {
  net = new Mesh();
});
afterEach(() => net.close());

/** What a device writes that reads no feed. */
const ofDevice = (key: string): MergeChange => ({
  collection: 'c',
  key,
  stamp: { ms: net.wall, node: 'device', incarnation: 'x', seq: 1 },
  over: null,
  valueText: '"of the device"',
});

describe('a node that is only heard through a broker', () => {
  it('holds tombstones, also when the node that has heard it was restarted, until it is forgotten', async () => {
    let a = await net.start('a');
    await a.hear(ofDevice('k'));
    await a.request('DELETE', '/v1/collections/c/k');
    await net.stop('a');
    a = await net.start('a');
    net.pass(2 * DAY_MS);
    await net.until('it is looked at', async () => (await a.status()).tombstones.waiting_for.length > 0, 60_000);
    expect((await a.status()).tombstones).toMatchObject({ count: 1, waiting_for: ['device'] });
    // It may bring back what it had told before the deletion.
    await a.hear(ofDevice('k'));
    expect(await a.contents()).toStrictEqual({ '$tombstones/c/k': null });

    await a.request('DELETE', '/v1/followers/device');
    await expect(a.request('DELETE', '/v1/followers/device')).rejects.toThrow('404');
    await net.until('it is gone', async () => (await a.tombstones()).length === 0, 60_000);
  });

  it('holds none of those that a peer has dropped, which knows it', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['a'] });
    await a.hear(ofDevice('k'));
    await net.untilAlike(a, b);
    await a.request('DELETE', '/v1/collections/c/k');
    await net.untilAlike(a, b);
    net.pass(2 * DAY_MS);
    for (const node of [b, a])
      await net.until('it is gone', async () => (await node.tombstones()).length === 0, 30_000);
  });
});

describe('a node that reads the feed and acknowledges nothing', () => {
  const read = (node: TestNode, headers: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${node.address}/v1/changes?since=now`, { headers: { 'skein-follower': 'd', ...headers } });

  it.each([
    ['it has a gap', {}],
    ['the log behind what it has is gone', { 'skein-applied': '0' }],
  ])('holds tombstones: %s', async (_why, headers) => {
    const a = await net.start('a');
    await a.put('k', 1);
    await a.request('DELETE', '/v1/collections/c/k');
    await a.store.trim(2);
    await read(a, headers);
    expect(a.leader.server.slots.get('d')).toMatchObject({ applied: '0', state: 'live' });
    net.pass(2 * DAY_MS);
    await net.until('it is looked at', async () => (await a.status()).tombstones.waiting_for.length > 0, 60_000);
    expect((await a.status()).tombstones).toMatchObject({ count: 1, waiting_for: ['d'] });
  });
});
