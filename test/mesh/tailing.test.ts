/* Nodes that read each other's feeds: what one has written is on all of them, once. */
import { afterEach, describe, expect, it } from 'vitest';
import { Mesh } from './mesh-kit.ts';

let net = new Mesh();
afterEach(async () => {
  await net.close();
  net = new Mesh();
});

describe('two nodes that tail each other', () => {
  it('have what either has written, as the value that resulted', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['a'] });
    await a.put('from-a', { n: 1 });
    await b.put('from-b', 'text');
    await b.put('count', 5);
    await b.put('gone', 1);
    await net.untilAlike(a, b);
    await a.request('POST', '/v1/collections/c/count/increment', { by: 2 });
    await a.request('POST', '/v1/collections/c/from-b/append', { text: ' and more' });
    await a.request('DELETE', '/v1/collections/c/gone');
    expect(await net.untilAlike(a, b)).toMatchObject({
      'c/from-a': { n: 1 },
      'c/from-b': 'text and more',
      'c/count': 7,
      '$tombstones/c/gone': null,
    });
    expect(await b.contents()).not.toHaveProperty('c/gone');
  });

  it('both end with the later of two writes, and know that one was lost', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['a'] });
    await net.cut('a', 'b');
    await net.cut('b', 'a');
    await a.put('k', 'earlier');
    b.clock.advance(10);
    await b.put('k', 'later');
    net.mend('a', 'b');
    net.mend('b', 'a');
    expect(await net.untilAlike(a, b)).toStrictEqual({ 'c/k': 'later' });
    for (const node of [a, b]) await net.until('it is counted', async () => (await node.status()).conflicts === 1);
  });

  it('go on where they were when one of them was away', async () => {
    const a = await net.start('a', { peers: ['b'] });
    let b = await net.start('b', { peers: ['a'] });
    await a.put('one', 1);
    await net.untilAlike(a, b);
    await net.until('the cursor is stored', () => b.store.note('peer http://a'), 1000);
    await net.stop('b');
    await a.put('two', 2);
    b = await net.start('b', { peers: ['a'] });
    await net.untilAlike(a, b);
    // The first was not asked for again.
    expect((await b.status()).merged.feed).toStrictEqual({ taken: 1, known: 0, passed_over: 0 });
  });
});

describe('three nodes in a ring', () => {
  it('write each change to their logs once, and send nothing around again', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b', { peers: ['c'] });
    const c = await net.start('c', { peers: ['a'] });
    for (let i = 0; i < 10; i++) await a.put(`k${i}`, i);
    await net.untilAlike(a, b, c);
    await net.until('a has seen all of it come back', async () => (await a.status()).merged.feed.known === 10);
    for (const node of [a, b, c]) expect(node.store.facts.head.offset).toBe(10);
    expect((await c.status()).merged.feed).toStrictEqual({ taken: 10, known: 0, passed_over: 0 });
    expect((await b.status()).merged.feed).toStrictEqual({ taken: 10, known: 0, passed_over: 0 });
  });
});

describe('a peer', () => {
  it('that does not answer is said in health, and the node takes traffic nevertheless', async () => {
    const a = await net.start('a', { peers: ['b'] });
    expect((await a.request('GET', '/healthz')).connected).toBe(false);
    await net.until('it is said', async () => !(await a.request('GET', '/healthz')).healthy, 5000);
    const { error, lag_changes: lag } = await a.request('GET', '/healthz');
    expect([error, lag]).toStrictEqual([expect.stringMatching(/^the peer at http:\/\/b has not been heard of/), null]);
    expect(await a.request('GET', '/readyz')).toMatchObject({ status: 'ready' });
    expect((await a.status()).peers).toMatchObject([{ connected: false, circuit: 'open', node: null }]);

    await net.start('b');
    await net.until('it is well', async () => (await a.request('GET', '/healthz')).healthy);
    expect(await a.request('GET', '/healthz')).toMatchObject({ connected: true, lag_changes: 0, role: 'mesh' });
    expect((await a.status()).peers).toMatchObject([
      { connected: true, circuit: 'closed', node: 'b', last_error: null },
    ]);
  });

  it('that is the node itself is left out', async () => {
    const a = await net.start('a', { peers: ['a', 'b'] });
    await net.start('b');
    await net.until('it knows', async () => (await a.status()).peers[0].refused !== null);
    await net.until('it is well', async () => (await a.request('GET', '/healthz')).healthy);
    expect(await a.request('GET', '/healthz')).toMatchObject({ connected: true, lag_changes: 0 });
    expect((await a.status()).peers).toMatchObject([
      { refused: 'it is this node itself' },
      { node: 'b', refused: null },
    ]);
  });
});
