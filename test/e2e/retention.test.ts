/*
 * The log is kept for followers, and not for ever.
 *
 * A follower is stopped while its leader is written to. As long as it may be silent, the log is kept for it, also over a
 * restart of the leader, and it goes on from the log when it comes back. When it stays away for longer it is said to be
 * lost, first; then the log is trimmed to its newest changes; and when it comes back after all, it is copied anew.
 */
import { Cluster, readDocuments, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

const NEWEST = 50;

async function write(leader: NodeProcess, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await leader.client.put(`/v1/collections/c/k-${i % 20}`, i);
}

async function slotOf(leader: NodeProcess, id: string): Promise<any> {
  const { followers } = (await leader.client.get('/v1/followers')).json;
  return followers.find((slot: { readonly id: string }) => slot.id === id);
}

async function trimmedTo(node: NodeProcess, tail: number): Promise<void> {
  await until(`the log begins at ${tail}`, async () => (await node.status()).tail === tail);
}

describe('the log of a leader', () => {
  it('keeps its newest changes when nobody follows, and no more', async () => {
    const leader = await cluster.leader({ 'retain-changes': NEWEST });
    await write(leader, 3 * NEWEST);
    await trimmedTo(leader, 2 * NEWEST + 1);
    expect(await leader.metric('skein_log_tail_offset')).toBe(2 * NEWEST + 1);
    expect((await leader.client.get('/v1/collections/c?limit=100')).json.documents).toHaveLength(20);
  });

  it('is exact at its ends, with deletes there', async () => {
    const leader = await cluster.leader({ 'retain-changes': 4 });
    await write(leader, 5);
    for (const key of ['k-0', 'k-1', 'k-2']) await leader.client.delete(`/v1/collections/c/${key}`);
    // 1–5 are puts, 6–8 deletes; the newest four are 5–8.
    await trimmedTo(leader, 5);
    const ask = async (since: number) => {
      const { status, json } = await leader.client.get(`/v1/changes?since=${since}`);
      return status === 200 ? json.changes.map(({ offset }: { readonly offset: number }) => offset) : json.code;
    };
    expect(await ask(3)).toBe('compacted');
    expect(await ask(4)).toStrictEqual([5, 6, 7, 8]);
    expect(await ask(5)).toStrictEqual([6, 7, 8]);
    expect(await ask(8)).toStrictEqual([]);
    expect(await ask(9)).toBe('ahead');
    await leader.restart();
    expect([await ask(3), await ask(4)]).toStrictEqual(['compacted', [5, 6, 7, 8]]);
  });

  it('is kept for a follower that is stopped, over a restart too, and lets it go on', async () => {
    const leader = await cluster.leader({ 'retain-changes': NEWEST });
    const follower = await cluster.follower(leader, { 'node-id': 'away' });
    await write(leader, 10);
    await follower.caughtUpWith(leader);
    await until('its leader knows', async () => (await slotOf(leader, 'away'))?.lag_changes === 0);
    await follower.stop();
    await write(leader, 2 * NEWEST);
    await leader.restart();
    await write(leader, NEWEST);
    await trimmedTo(leader, 11);
    // Nothing was heard of it since the start.
    const unheard = { state: 'lagging', seen_seconds_ago: null };
    expect(await slotOf(leader, 'away')).toMatchObject({ applied: expect.stringMatching(/^10\./), ...unheard });

    await follower.start();
    await follower.ready();
    await follower.caughtUpWith(leader);
    await trimmedTo(leader, 10 + 3 * NEWEST - NEWEST + 1);
    expect(await slotOf(leader, 'away')).toMatchObject({ state: 'live', seen_seconds_ago: expect.any(Number) });
  });

  it('is not kept for one that is said to be gone, also after a restart, unless it comes back', async () => {
    const leader = await cluster.leader({ 'retain-changes': NEWEST });
    const follower = await cluster.follower(leader, { 'node-id': 'gone' });
    await follower.caughtUpWith(leader);
    await follower.stop();
    await write(leader, 2 * NEWEST);
    expect((await leader.client.delete('/v1/followers/nobody')).json.code).toBe('not_found');
    expect((await leader.client.delete('/v1/followers/gone')).status).toBe(204);
    expect((await leader.client.delete('/v1/followers/gone')).status).toBe(404);
    await trimmedTo(leader, NEWEST + 1);
    await leader.kill();
    await leader.start();
    expect(await slotOf(leader, 'gone')).toBeUndefined();

    await follower.start();
    await follower.ready();
    expect(await readDocuments(follower.client)).toStrictEqual(await readDocuments(leader.client));
    expect(await slotOf(leader, 'gone')).toMatchObject({ state: 'live' });
  });

  it('is not kept for one that stays away too long: it is lost, then the log goes, and it is copied anew when it is back', async () => {
    const leader = await cluster.leader({ 'retain-changes': NEWEST, 'retain-age': '4s' });
    const follower = await cluster.follower(leader, { 'node-id': 'away' });
    await write(leader, 10);
    await follower.caughtUpWith(leader);
    await follower.kill();
    await write(leader, 2 * NEWEST);
    const tail = 10 + NEWEST + 1;
    await until('the log is trimmed', async () => {
      const { tail: now, followers } = await leader.status();
      // Never the one without the other.
      if (now > 11) expect(followers).toMatchObject([{ id: 'away', state: 'lost' }]);
      return now === tail;
    });
    expect(await leader.metric('skein_replication_lost_followers')).toBe(1);
    expect((await leader.health()).outbox_drift).toBeNull();

    await follower.start();
    await follower.ready();
    await follower.caughtUpWith(leader);
    expect(follower.log).toMatch(/the log does not lead on/);
    expect((await follower.status()).replication.last_recovery).toMatchObject({ rung: 'compare' });
    expect(await readDocuments(follower.client)).toStrictEqual(await readDocuments(leader.client));
    expect(await slotOf(leader, 'away')).toMatchObject({ state: 'live', copying: null });
  });
});

describe('a slot', () => {
  it('is kept for whoever gives heartbeats, and takes no position that is not on the log', async () => {
    const leader = await cluster.leader({ 'retain-changes': 4 });
    await write(leader, 6);
    await trimmedTo(leader, 3);
    const { position, head } = await leader.status();
    const put = (body: unknown, headers = {}) => leader.client.put('/v1/followers/reader-1', body, headers);
    const { status, json } = await put({ applied: position });
    expect([status, json]).toMatchObject([200, { id: 'reader-1', lag_changes: 0, state: 'live' }]);
    await write(leader, 10);
    expect(await slotOf(leader, 'reader-1')).toMatchObject({ applied: position, lag_changes: 10 });
    await trimmedTo(leader, head.offset + 1);

    const codes = async (body: unknown) => {
      const refused = await put(body);
      return [refused.status, refused.json.code];
    };
    const [, epochAndHash] = /^\d+(\..*)$/.exec(position)!;
    expect(await codes({ applied: `1${epochAndHash}` })).toStrictEqual([410, 'compacted']);
    expect(await codes({ applied: `99${epochAndHash}` })).toStrictEqual([409, 'ahead']);
    expect(await codes({ applied: position.replace(/[0-9a-f]{16}$/, '0'.repeat(16)) })).toStrictEqual([
      409,
      'diverged',
    ]);
    expect(await codes({ applied: 'nonsense' })).toStrictEqual([400, 'bad_position']);
    expect(await codes({})).toStrictEqual([400, 'bad_body']);
    expect((await leader.client.put('/v1/followers/no%20id', { applied: position })).status).toBe(400);
    expect(await slotOf(leader, 'reader-1')).toMatchObject({ applied: position });
  });
});
