import { Cluster, until, type ChaosProxy, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameEverywhere, expectSound } from './expectations.ts';
import { randomOf, seedOfRun } from './random.ts';

/* Between a follower and its leader stands a proxy that does to their connections what networks do. */
const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;
let proxy: ChaosProxy;
let written = 0;

beforeAll(async () => {
  leader = await cluster.leader();
  proxy = await cluster.proxy(leader);
  follower = await cluster.follower(proxy, {
    'poll-interval': '50ms',
    'request-timeout': '1s',
    'backoff-base': '10ms',
  });
});
afterAll(() => cluster.close());

/** About 150 KB of changes, all new. */
async function writeMuch(): Promise<void> {
  const documents = Array.from({ length: 1000 }, () => ({ key: `k-${written % 1500}`, value: { n: written++ } }));
  expect((await leader.client.load('docs', documents)).status).toBe(200);
}

describe('a follower behind a broken wire', () => {
  it('takes a page whole or not at all, wherever it is cut off', async () => {
    const random = randomOf(seedOfRun());
    const places = [0, 1, 100, 300, ...Array.from({ length: 8 }, () => random.below(90_000))];
    for (const [i, afterBytes] of places.entries()) {
      proxy.set({ kind: 'cut', afterBytes });
      await writeMuch();
      await follower.caughtUpWith(leader);
      expect(proxy.happened).toBe(i + 1);
    }
    await expectSameEverywhere([leader, follower]);
    expect(await follower.metric('skein_replication_changes_applied_total')).toBe(await leader.head());
    expect((await follower.health()).error_count).toBeGreaterThanOrEqual(places.length);
  });

  it('refuses a page with a flipped bit, and asks for it again', async () => {
    const random = randomOf(seedOfRun());
    const before = proxy.happened;
    for (let i = 1; i <= 12; i++) {
      const errors = (await follower.health()).error_count;
      // Behind the headers, which are a few hundred bytes.
      proxy.set({ kind: 'flip', atByte: 2000 + random.below(80_000) });
      await writeMuch();
      await follower.caughtUpWith(leader);
      expect(proxy.happened).toBe(before + i);
      const health = await follower.health();
      expect(health.error_count).toBeGreaterThan(errors);
      expect(health.last_error).toMatch(/record|page|chain|hash/);
    }
    await expectSameEverywhere([leader, follower]);
  });

  it('notices that nobody answers, says so, and goes on when somebody does', async () => {
    const patient = await cluster.follower(proxy, { 'poll-interval': '50ms', 'request-timeout': '500ms' });
    for (const kind of ['blackhole', 'refuse'] as const) {
      await patient.caughtUpWith(leader);
      proxy.set({ kind });
      const health = await until(`silence is noticed: ${kind}`, async () => {
        const each = await patient.health();
        return !each.healthy && each;
      });
      expect(health).toMatchObject({ connected: false, lag_changes: null });
      const write = await patient.client.put('/v1/collections/docs/k', 1);
      expect([write.status, write.json.code]).toStrictEqual([503, 'leader_unavailable']);
      await writeMuch();
      proxy.set({ kind: 'none' });
      await patient.caughtUpWith(leader);
    }
    await expectSameEverywhere([leader, patient]);
    await expectSound(patient, 'follower');
  });
});
