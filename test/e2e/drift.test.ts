/*
 * A document that is not what it should be is found, located and put right.
 *
 * Of 200,000 documents a follower has one that is another than its leader's at the same position: with a checksum that is
 * right, as only a bug or a hand could have made it. It finds that by itself, says so in its health, and puts it right when
 * an operator lets it, having sent a small part of the keys.
 */
import { Cluster, runSkein, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { behindTheBackOf, levelKey, rewrite } from './behind-the-back.ts';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

vi.setConfig({ testTimeout: 180_000 });

const DOCUMENTS = 200_000;
const AT_ONCE = 20_000;
const SOON = { 'compare-interval': '1s' };

async function pair(count: number): Promise<{ leader: NodeProcess; follower: NodeProcess }> {
  const leader = await cluster.leader();
  for (let at = 0; at < count; at += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - at);
    await leader.client.load(
      'c',
      Array.from({ length }, (_, i) => ({ key: `k-${at + i}`, value: at + i })),
    );
  }
  const follower = await cluster.follower(leader, SOON);
  await follower.caughtUpWith(leader, { timeoutMs: 60_000 });
  return { leader, follower };
}

async function drift(node: NodeProcess): Promise<any> {
  return until('a comparison is done', async () => (await node.status()).drift ?? undefined, { timeoutMs: 60_000 });
}

describe('drift', () => {
  it('in one document of 200,000 is found, located, and put right by sending less than 2 % of the keys', async () => {
    const { leader, follower } = await pair(DOCUMENTS);
    await behindTheBackOf(follower, (level) => rewrite(level, 'k-123456', 'k-123456', '"other"'));
    expect(await drift(follower)).toMatchObject({ differing: 1, repaired: 0, more: false });
    expect(await follower.health()).toMatchObject({
      healthy: false,
      error: expect.stringMatching(/^1 documents are not as the leader has them at the same position/),
    });
    expect(follower.log).toMatch(/"examples":\["c\/k-123456"\]/);
    expect(await follower.metric('skein_merkle_divergences_total')).toBeGreaterThanOrEqual(1);

    await follower.restart({ repair: true });
    const { differing, repaired, cost } = await drift(follower);
    expect({ differing, repaired }).toStrictEqual({ differing: 1, repaired: 1 });
    // Those of both sides; each document that is compared is told by both.
    expect(cost.documents / 2).toBeLessThan(0.02 * DOCUMENTS);
    expect((await follower.client.get('/v1/collections/c/k-123456')).json).toBe(123_456);
    await follower.ready();
    expect(await follower.metric('skein_repair_items_submitted_total')).toBe(1);
    const { exitCode, stderr } = await runSkein(['verify', leader.url, follower.url]);
    expect([exitCode, stderr]).toStrictEqual([0, expect.stringContaining('the same')]);
  });

  it('is not what moves: writes go on, and nothing is said to differ', async () => {
    const { leader, follower } = await pair(500);
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) {
        const path = `/v1/collections/c/k-${(i * 31) % 500}`;
        await (i % 3 === 0 ? leader.client.delete(path) : leader.client.put(path, i));
      }
    })();
    await until('it was compared several times', async () => {
      expect(await follower.metric('skein_merkle_divergences_total')).toBe(0);
      return ((await follower.metric('skein_repair_cycles_total')) ?? 0) >= 4;
    });
    isOver = true;
    await writing;
  });

  it('of every kind is put right while writes go on, and what has changed since stays', async () => {
    const { leader, follower } = await pair(500);
    await behindTheBackOf(follower, async (level) => {
      await rewrite(level, 'k-7', 'k-7', '"other"');
      await rewrite(level, 'k-8', 'added', '8');
      await level.del(levelKey('k-9'));
    });
    await follower.restart({ repair: true });
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) await leader.client.put(`/v1/collections/c/k-${i % 10}`, i);
    })();
    await until('it is put right', async () => (await follower.metric('skein_repair_items_submitted_total'))! >= 1);
    isOver = true;
    await writing;
    await follower.caughtUpWith(leader);
    expect((await runSkein(['verify', leader.url, follower.url])).exitCode).toBe(0);
    const { collections } = (await leader.client.get('/v1/collections')).json;
    expect((await follower.client.get('/v1/collections')).json).toStrictEqual({ collections });
  });
});
