/* What no feed has brought is found by comparing, in both directions; and what a peer's log has no more does not stay missing. */
import type { Snapshot } from '@skein/core';
import type { LinkAnswer } from '@skein/http';
import { afterEach, describe, expect, it } from 'vitest';
import { Mesh, type TestNode } from './mesh-kit.ts';

let net = new Mesh();
afterEach(async () => {
  await net.close();
  net = new Mesh();
});

async function restored(node: TestNode): Promise<Readonly<Record<string, unknown>>> {
  return (await node.status()).peers[0];
}

describe('a node whose peer has none', () => {
  it('has what it writes, deletes and defines arrive there by comparing', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b');
    for (let i = 0; i < 20; i++) await a.put(`k${i}`, i);
    await a.request('DELETE', '/v1/collections/c/k3');
    await a.request('PUT', '/v1/definitions/c', { schema: { type: 'number' } });
    await net.untilAlike(a, b);
    expect(await b.tombstones()).toStrictEqual(['c/k3']);
    expect(Object.keys(await b.contents())).toHaveLength(21);
    expect((await b.status()).merged.submitted.taken).toBe(21);
    const metrics = await (await fetch(`${a.address}/metrics`)).text();
    expect(metrics).toMatch(/^skein_repair_items_submitted_total 21$/m);
    expect(metrics).toMatch(/^skein_merkle_divergences_total 21$/m);
  });
});

describe('a peer whose log begins behind the cursor', () => {
  it('is gone on with at its end, and compared with until nothing differs', async () => {
    const b = await net.start('b');
    for (let i = 0; i < 30; i++) await b.put(`k${i}`, i);
    await b.store.trim(20);
    const a = await net.start('a', { peers: ['b'] });
    await a.put('only-here', 1);
    await net.until('it is said', async () => (await restored(a)).gap !== null);
    expect(await restored(a)).toMatchObject({ gap: expect.stringMatching(/^compacted: /), lag_changes: null });
    await net.untilAlike(a, b);
    await net.until('nothing is missing any more', async () => (await restored(a)).gap === null);
    // From where it had ended the log is tailed, not compared.
    await b.put('later', 1);
    await net.until('it is here', () => a.store.collection('c').get('later'));
    expect((await a.status()).merged.feed.taken).toBe(1);
  });

  it('hears how far the other is only when nothing differs', async () => {
    const b = await net.start('b');
    for (let i = 0; i < 5; i++) await b.put(`k${i}`, i);
    const a = await net.start('a', { peers: ['b'] });
    await net.untilAlike(a, b);
    await net.until('it is acknowledged', () => b.leader.server.slots.get('a')?.lag_changes === 0);
    await net.cut('a', 'b');
    for (let i = 5; i < 30; i++) await b.put(`k${i}`, i);
    await b.store.trim(28);
    const acknowledged = b.leader.server.slots.get('a')!.applied;
    net.mend('a', 'b');
    await net.until('the cursor is given up', async () => (await restored(a)).gap !== null);
    expect(b.leader.server.slots.get('a')!.applied).toBe(acknowledged);
    await net.untilAlike(a, b);
    await net.until('it is acknowledged', () => b.leader.server.slots.get('a')?.lag_changes === 0);
  });

  it('may be one that has lost everything: it has all of it again', async () => {
    const a = await net.start('a', { peers: ['b'] });
    let b = await net.start('b', { peers: ['a'] });
    for (let i = 0; i < 10; i++) await (i % 2 === 0 ? a : b).put(`k${i}`, i);
    await net.untilAlike(a, b);
    await net.stop('b', true);
    await a.put('meanwhile', 1);
    b = await net.start('b', { peers: ['a'] });
    await b.put('of-the-new-one', 1);
    expect(Object.keys(await net.untilAlike(a, b))).toHaveLength(12);
    await net.until('nothing is missing any more', async () => (await restored(a)).gap === null);
  });
});

/** So many documents that they are two parts of a comparison. */
async function twoParts(node: TestNode): Promise<void> {
  const lines = Array.from({ length: 1500 }, (_, i) => `{"key":"k${i}","value":${i}}\n`).join('');
  await fetch(`${node.address}/v1/collections/c`, {
    method: 'POST',
    body: lines,
    headers: { 'content-type': 'application/x-ndjson' },
  });
}

describe('comparing', () => {
  it('moves a thousand documents at a time, and goes on behind them', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b');
    await twoParts(a);
    await net.until('the first are there', async () => (await b.status()).merged.submitted.taken > 0);
    expect((await b.status()).merged.submitted.taken).toBe(1000);
    await net.until('all are there', async () => (await b.status()).merged.submitted.taken === 1500, 1000);
  });

  it('goes on behind what cannot be moved now, and says so until all has been', async () => {
    const a = await net.start('a', { peers: ['b'] });
    const b = await net.start('b');
    let failures = 0;
    net.instead = ({ path }) => {
      if (path !== '/v1/mesh/changes' || failures === 2) return null;
      failures++;
      return Promise.reject(new Error('the line was cut'));
    };
    await twoParts(a);
    await net.until('the second part is there', async () => (await b.status()).merged.submitted.taken > 0);
    expect((await b.status()).merged.submitted.taken).toBe(500);
    expect(await restored(a)).toMatchObject({ compare_error: 'the line was cut' });
    await net.until('all are there', async () => (await b.status()).merged.submitted.taken === 1500, 1000);
    await net.until('all was compared', async () => (await restored(a)).compare_error === null, 1000);
  });

  it('with a peer that is not ready holds up no other, holds no snapshot meanwhile, and is given up', async () => {
    const later = { status: 503, headers: { 'retry-after': '1' }, body: { text: async () => '{"detail":"not yet"}' } };
    net.instead = ({ path }, _from, to) =>
      to === 'slow' && path.startsWith('/v1/digest') && !path.includes('min=')
        ? Promise.resolve(later as unknown as LinkAnswer)
        : null;
    const a = await net.start('a', { peers: ['slow', 'b'] });
    const [b] = [await net.start('b'), await net.start('slow')];
    const held = new Set<Snapshot>();
    const take = a.store.snapshot.bind(a.store);
    a.store.snapshot = async () => {
      const snapshot = await take();
      held.add(snapshot);
      const close = (): Promise<void> => {
        held.delete(snapshot);
        return snapshot.close();
      };
      return { ...snapshot, close };
    };
    await a.put('k', 1);
    await net.untilAlike(a, b);
    await net.until('nothing is held', () => held.size === 0);
    const reason = 'it has taken longer than 600 s';
    await net.until('it is given up', async () => (await restored(a)).compare_error === reason, 5000);
    const said = async (): Promise<string> => (await a.request('GET', '/healthz')).error ?? '';
    const start = 'comparing with the peer at http://slow has failed for ';
    await net.until('it is said', async () => (await said()).startsWith(start));
  });

  it('leaves alone what a node keeps for itself', async () => {
    const a = await net.start('a', { peers: ['b'], keepsConflicts: true });
    const b = await net.start('b');
    await a.put('k', 'a');
    b.clock.advance(5);
    await b.put('k', 'b');
    await net.until('both are looked at', async () => (await a.status()).conflicts === 1);
    expect(Object.keys(await a.contents())).toStrictEqual(['$conflicts/c/k', 'c/k']);
    await net.until('it is compared', async () => (await restored(a)).compared_differing === 0, 1000);
    expect(await b.contents()).toStrictEqual({ 'c/k': 'b' });
  });
});

describe('POST /v1/mesh/changes', () => {
  const line = (key: string, ms: number) =>
    `{"offset":1,"ts":1,"origin":"x","stamp":"${ms}.1.abc","collection":"c","key":"${key}","op":"put","value":${ms}}`;

  async function sent(node: TestNode, body: string): Promise<Response> {
    return fetch(`${node.address}/v1/mesh/changes`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    });
  }

  it('says what became of each', async () => {
    const a = await net.start('a');
    const farAhead = net.wall + 3_600_000;
    const answer = await sent(a, [line('k', 5), line('k', 4), line('k', 5), line('far', farAhead)].join('\n'));
    expect(await answer.json()).toMatchObject({ taken: 1, passed_over: 1, known: 1, quarantined: 1, conflicts: 0 });
    expect(answer.headers.get('skein-position')).toMatch(/^1\./);
  });

  it.each([
    ['a line that is none', `${line('k', 5)}\nnot a line`, 'line 2:'],
    [
      'a line without a stamp',
      '{"offset":1,"ts":1,"origin":"x","collection":"c","key":"k","op":"put","value":1}',
      'line 1:',
    ],
    ['a document that is each node’s own', line('k', 5).replace('"c"', '"$conflicts"'), 'line 1:'],
  ])('refuses all of it for %s', async (_what, body, where) => {
    const a = await net.start('a');
    const answer = await sent(a, body);
    expect(await answer.json()).toMatchObject({
      status: 400,
      code: 'bad_record',
      detail: expect.stringContaining(where),
    });
    expect(a.store.facts.head.offset).toBe(0);
  });

  it('takes a document of the largest size alone', async () => {
    const a = await net.start('a');
    const answer = await sent(a, line('k', 5).replace(/5\}$/, `"${'x'.repeat(16 * 1024 * 1024 - 2)}"}`));
    expect(await answer.json()).toMatchObject({ taken: 1 });
  });

  it('takes a thousand at once', async () => {
    const a = await net.start('a');
    const answer = await sent(a, Array.from({ length: 1001 }, (_, i) => line(`k${i}`, 5)).join('\n'));
    expect(await answer.json()).toMatchObject({ status: 413, code: 'too_large', limit: 1000 });
  });
});
