/*
 * A read says how old what it shows may be, and a follower that does not know asks.
 *
 * Nothing is written for a while, so that the followers of a chain know only what was so seconds ago. A client writes at the
 * leader, and at once reads at the end of the chain, without any position, that nothing may be missing. Then the leader
 * falls silent: what may be older is answered, what may not is refused.
 */
import { Cluster, until, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let first: NodeProcess;
let last: NodeProcess;
beforeAll(async () => {
  leader = await cluster.leader();
  first = await cluster.follower(leader, { 'request-timeout': '2s' });
  last = await cluster.follower(first, { 'request-timeout': '2s' });
});
afterAll(() => cluster.close());

const read = (node: NodeProcess, path: string, prefer: string) =>
  node.client.get(`/v1/collections/c${path}`, { prefer });

describe('a read with a bound on its age', () => {
  it('shows what was written before it came, on every node', async () => {
    for (let i = 1; i <= 30; i++) {
      await leader.client.put('/v1/collections/c/k', i);
      const [one, all] = await Promise.all([
        read(last, '/k', 'max-staleness=0'),
        read(first, '', 'max-staleness=0, wait=3'),
      ]);
      expect([one.status, one.json]).toStrictEqual([200, i]);
      expect(all.json.documents).toMatchObject([{ key: 'k', value: i }]);
    }
    expect((await read(leader, '/k', 'max-staleness=0')).json).toBe(30);
  });

  it('is the feed of a follower as well', async () => {
    for (let i = 1; i <= 10; i++) {
      await leader.client.put('/v1/collections/c/k', i);
      const { headers } = await last.client.get('/v1/changes?since=now', { prefer: 'max-staleness=0' });
      expect(headers['skein-head']).toBe(String(await leader.head()));
    }
  });

  it.each(['max-staleness', 'max-staleness=', 'max-staleness=soon', 'max-staleness=-1'])(
    'is refused when it cannot be read: %s',
    async (prefer) => {
      for (const node of [last, leader]) expect((await read(node, '/k', prefer)).json.code).toBe('bad_header');
    },
  );

  it('is refused where nobody can tell, at once or when its time is up, and answered when what may be older is known', async () => {
    await read(last, '/k', 'max-staleness=0');
    leader.pause();
    try {
      const late = await read(last, '/k', 'max-staleness=0, wait=1');
      expect([late.status, late.json.code, late.headers['retry-after']]).toStrictEqual([503, 'too_stale', '1']);
      const none = await read(first, '/k', 'max-staleness=0.001, wait=30');
      expect(none.json).toMatchObject({ code: 'too_stale', detail: expect.stringContaining('could not be asked') });
      expect((await read(last, '/k', 'max-staleness=3600')).json).toBe(10);
      expect((await read(last, '/k', 'wait=1')).json).toBe(10);
    } finally {
      leader.resume();
    }
    await until('it can be told again', async () => (await read(last, '/k', 'max-staleness=0')).status === 200);
  });
});
