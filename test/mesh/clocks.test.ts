/* Clocks that are wrong, ids that two nodes have, and deletions that everybody has heard of. */
import { afterEach, describe, expect, it } from 'vitest';
import { Mesh, type TestNode } from './mesh-kit.ts';

const HOUR_MS = 3_600_000;
let net = new Mesh();
afterEach(async () => {
  await net.close();
  net = new Mesh();
});

async function errorOf(node: TestNode): Promise<string | null> {
  return (await node.request('GET', '/healthz')).error;
}

describe('a node whose clock is hours ahead', () => {
  it('is not followed into the future, and says so itself; what it wrote is taken when that time has come', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['a'] });
    b.clock.setWall(net.wall + 2 * HOUR_MS);
    await b.put('early', 1);
    await net.until('it is kept out', async () => (await a.status()).quarantined.count === 1);
    b.clock.setWall(a.clock.wall());
    expect(await errorOf(a)).toMatch(/^the clock of node b is 7\d+ s ahead of this node's/);
    expect(await errorOf(b)).toMatch(/^this node's clock was ahead until 2026-01-01T02:00:0/);
    expect((await a.status()).peers[0].gap).toMatch(/too far ahead/);
    // Others go on, also what the node writes on.
    await a.put('mine', 1);
    await net.until('it is there', () => b.store.collection('c').get('mine'));
    expect(await a.store.collection('c').get('early')).toBeUndefined();

    net.pass(2 * HOUR_MS);
    await net.untilAlike(a, b);
    await net.until('all is well', async () => (await errorOf(a)) === null, 10_000);
    expect(await errorOf(b)).toBeNull();
  });
});

describe('an id that two nodes have', () => {
  it('is noticed by what the other one writes, and not by what comes back of its own', async () => {
    const a = await net.start('a', { peers: ['c'] });
    const c = await net.start('c', { peers: ['a'] });
    await a.put('k', 1);
    await net.untilAlike(a, c);
    expect(await errorOf(a)).toBeNull();
    const ms = a.clock.wall() + 1000;
    await fetch(`${c.address}/v1/mesh/changes`, {
      method: 'POST',
      body: `{"offset":1,"ts":1,"origin":"a","stamp":"${ms}.1.another","collection":"c","key":"k","op":"put","value":2}`,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    await net.untilAlike(a, c);
    expect(await errorOf(a)).toMatch(/^another node writes under this node's id/);
    await net.until('it is long ago', async () => (await errorOf(a)) === null, 30_000);
  });
});

describe('tombstones', () => {
  it('go when every known node has passed them and they are a day old, and are not taken again', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['a'] });
    await a.put('k', 1);
    await a.put('stays', 1);
    await net.untilAlike(a, b);
    await a.request('DELETE', '/v1/collections/c/k');
    await net.untilAlike(a, b);
    await net.cut('b', 'a');
    net.pass(25 * HOUR_MS);
    await a.put('later', 1);
    await a.request('DELETE', '/v1/collections/c/stays');
    await net.until('the old one is gone', async () => (await a.tombstones()).length === 1, 60_000);
    // The newer one has not been heard of by b.
    expect(await a.tombstones()).toStrictEqual(['c/stays']);
    net.pass(25 * HOUR_MS);
    await net.until('it is looked at', async () => (await a.status()).tombstones.waiting_for.length > 0, 60_000);
    expect((await a.status()).tombstones).toStrictEqual({ count: 1, dropped: 1, waiting_for: ['b'] });
    net.mend('b', 'a');
    for (const node of [a, b])
      await net.until('both have dropped them', async () => (await node.tombstones()).length === 0, 60_000);
    expect(await a.contents()).toStrictEqual({ 'c/later': 1 });
    expect(await b.contents()).toStrictEqual({ 'c/later': 1 });
    expect((await a.status()).peers[0].gap).toBeNull();

    const again = `{"offset":1,"ts":1,"origin":"b","stamp":"${net.wall}.1.x","collection":"$tombstones","key":"c/k","op":"put","value":null}`;
    const answer = await fetch(`${a.address}/v1/mesh/changes`, {
      method: 'POST',
      body: again,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await answer.json()).toMatchObject({ taken: 0, passed_over: 1 });
    expect(await a.tombstones()).toStrictEqual([]);
  });

  it('go also when a peer that reads no feed was found to have all there is', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b');
    await a.put('k', 1);
    await a.request('DELETE', '/v1/collections/c/k');
    await net.untilAlike(a, b);
    net.pass(25 * HOUR_MS);
    await net.until('it is gone', async () => (await a.tombstones()).length === 0, 10_000);
  });

  it('go as many as there are, at one look', async () => {
    const a = await net.start('a', { batchMax: 2 });
    for (let i = 0; i < 5; i++) await a.put(`k${i}`, i);
    for (let i = 0; i < 5; i++) await a.request('DELETE', `/v1/collections/c/k${i}`);
    await net.until('they are looked at', async () => (await a.status()).tombstones.count === 5, 60_000);
    net.pass(25 * HOUR_MS);
    await net.until('they are looked at', async () => (await a.status()).tombstones.count < 5);
    expect((await a.status()).tombstones).toMatchObject({ count: 0, dropped: 5 });
  });

  it('stay for three comparisons longer than somebody needs them', async () => {
    const a = await net.start('a', { antiEntropyEveryMs: HOUR_MS });
    await a.put('k', 1);
    await a.request('DELETE', '/v1/collections/c/k');
    net.pass(48 * HOUR_MS);
    await net.until('it is looked at', async () => (await a.status()).tombstones.count !== null, 60_000);
    expect((await a.status()).tombstones).toMatchObject({ count: 1, waiting_for: [] });
    net.pass(3 * HOUR_MS);
    await net.until('it is gone', async () => (await a.status()).tombstones.count === 0, 60_000);
  });

  it('stay while a peer has never been heard of', async () => {
    const a = await net.start('a', { peers: ['b'] });
    await a.put('k', 1);
    await a.request('DELETE', '/v1/collections/c/k');
    net.pass(48 * HOUR_MS);
    await net.until('it is looked at', async () => (await a.status()).tombstones.count === 1, 60_000);
    expect((await a.status()).tombstones.waiting_for).toStrictEqual(['http://b']);
    expect(await a.tombstones()).toStrictEqual(['c/k']);
  });
});
