import { cp } from 'node:fs/promises';
import { Cluster, until, type Flags, type NodeProcess } from '@skein/testing';
import { startLeader } from 'skein';
import { afterAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
afterAll(() => cluster.close());

async function pair(flags: Flags = {}): Promise<[leader: NodeProcess, follower: NodeProcess]> {
  const leader = await cluster.leader();
  await leader.client.put('/v1/collections/c/k', 1);
  const follower = await cluster.follower(leader, flags);
  await follower.caughtUpWith(leader);
  await follower.ready();
  return [leader, follower];
}

describe('a follower without contact', () => {
  it('does not know how far behind it is, says since when, and still serves reads', async () => {
    const [leader, follower] = await pair();
    await leader.kill();
    const first = await until('it is unhealthy', async () => {
      const { status, json } = await follower.client.get('/healthz');
      return status === 503 && json;
    });
    expect(first).toMatchObject({ healthy: false, connected: false, lag_changes: null, last_change_id: 1 });
    expect(first.error).toMatch(/no contact with the leader \(.+\); it was up to date [\d.]+ s ago/);
    expect(first.error_count).toBeGreaterThan(0);
    await until('lag grows', async () => ((await follower.health()).lag_seconds ?? 0) > first.lag_seconds);
    expect((await follower.status()).lag.changes).toBeNull();
    expect(await follower.metric('skein_replication_lag_changes')).toBeUndefined();
    expect(await follower.metric('skein_replication_follower_connected')).toBe(0);
    // Within its lag bound it may go on serving; the next test is about the bound.
    expect((await follower.client.get('/readyz')).status).toBe(200);
    expect((await follower.client.get('/livez')).status).toBe(200);
    expect((await follower.client.get('/v1/collections/c/k')).json).toBe(1);
    expect((await follower.client.get('/v1/changes')).json.changes).toHaveLength(1);

    await leader.start();
    await follower.ready({ timeoutMs: 25_000 });
    expect(await follower.health()).toMatchObject({ healthy: true, connected: true, lag_changes: 0, error: null });
  });

  it('notices a leader that is there and silent', async () => {
    const [leader, follower] = await pair({ 'poll-interval': '50ms', 'request-timeout': '500ms' });
    leader.pause();
    const health = await until('silence is noticed', async () => {
      const each = await follower.health();
      return !each.healthy && each;
    });
    expect(health).toMatchObject({ connected: false, lag_changes: null });
    leader.resume();
    await follower.ready({ timeoutMs: 25_000 });
  });

  it('is unhealthy when it was last up to date longer ago than it may be', async () => {
    const [leader, follower] = await pair({ 'max-lag': '1s' });
    leader.pause();
    const { error } = await until('it has waited too long', async () => {
      const each = await follower.health();
      return !each.healthy && each;
    });
    expect(error).toMatch(/last up to date \d+\.\d s ago, the bound is 1 s/);
    leader.resume();
  });
});

describe('a leader', () => {
  it('counts what the slowest live follower has not acknowledged', async () => {
    const [leader, follower] = await pair();
    expect((await leader.health()).outbox_drift).toBe(0);
    follower.pause();
    for (let i = 0; i < 10; i++) await leader.client.put(`/v1/collections/c/k-${i}`, i);
    expect(await leader.health()).toMatchObject({ healthy: true, outbox_drift: 10 });
    expect(await leader.metric('skein_replication_outbox_drift')).toBe(10);
    expect(await leader.metric('skein_replication_changes_pending')).toBe(10);
    expect((await leader.status()).followers).toMatchObject([{ lag_changes: 10, state: 'live' }]);
    follower.resume();
    await until('it is caught up', async () => (await leader.health()).outbox_drift === 0);
  });

  it('that has no follower does not know its drift', async () => {
    const leader = await cluster.leader();
    expect((await leader.health()).outbox_drift).toBeNull();
    expect(await leader.metric('skein_replication_outbox_drift')).toBeUndefined();
  });
});

describe('a follower whose leader refuses it', () => {
  /** Stops following, says why, goes on serving, and asks no more. */
  async function expectStopped(follower: NodeProcess, code: string, sentence: RegExp): Promise<void> {
    const { error } = await until(`it is refused: ${code}`, async () => {
      const { replication } = await follower.status();
      return replication.phase === 'refused' && (await follower.health());
    });
    expect(error).toMatch(sentence);
    const { replication, position } = await follower.status();
    expect(replication).toMatchObject({ phase: 'refused', refusal: { code } });
    expect(await follower.health()).toMatchObject({ healthy: false, connected: false, lag_changes: null });
    const readyz = await follower.client.get('/readyz');
    expect([readyz.status, readyz.json.reason]).toStrictEqual([503, error]);
    expect((await follower.client.get('/v1/collections/c/k')).status).toBe(200);
    expect((await follower.status()).position).toBe(position);
    expect(follower.log).toContain('replication stopped');
  }

  async function withHistory(): Promise<{ leader: NodeProcess; follower: NodeProcess; old: string }> {
    const [leader, follower] = await pair();
    await follower.stop();
    await leader.stop();
    const old = await cluster.directory();
    await cp(leader.data, old, { recursive: true });
    await leader.start();
    await leader.client.put('/v1/collections/c/k', 2);
    await follower.start();
    await follower.caughtUpWith(leader);
    await leader.stop();
    return { leader, follower, old };
  }

  it('because the leader lost what it had is ahead, and is not followed into that', async () => {
    const { leader, follower, old } = await withHistory();
    await leader.start({ data: old });
    await expectStopped(follower, 'ahead', /ahead of its leader, which may have lost data/);
    expect((await follower.client.get('/v1/collections/c/k')).json).toBe(2);
  });

  it('because the leader wrote another history has diverged', async () => {
    const { leader, follower, old } = await withHistory();
    const other = await startLeader({ data: old, port: 0 });
    await other.collection('c').put('k', 3);
    await other.close();
    await leader.start({ data: old });
    await expectStopped(follower, 'diverged', /holds changes that are not in the leader's history/);
    expect((await follower.client.get('/v1/collections/c/k')).json).toBe(2);
  });

  it('because the leader is another one entirely keeps what it has', async () => {
    const { leader, follower } = await withHistory();
    await leader.start({ data: await cluster.directory() });
    await expectStopped(follower, 'other_log', /serves another log than this follower holds/);
  });

  it('because the leader is itself says that, and goes on asking', async () => {
    const [, follower] = await pair({ 'node-id': 'myself' });
    const proxy = await cluster.proxy(follower);
    await follower.restart({ leader: proxy.url });
    const isSaid = async (node: typeof follower): Promise<boolean> =>
      /leads back to this very node/.test(String((await node.client.get('/healthz')).json.error));
    await until('it is noticed', () => isSaid(follower));
    const empty = await cluster.follower(proxy, { 'node-id': 'myself' });
    await until('it is noticed', () => isSaid(empty));
    expect((await follower.status()).replication.phase).toBe('following');
  });
});
