/*
 * A leader that lost what its followers have is not followed into the loss.
 *
 * A leader comes back empty, or with a directory as it was an hour ago. Its followers say so, loudly, and stay as they
 * are: they are the only ones that still have what it lost. They follow it only when an operator says that it shall be
 * so, and then they hold what it holds and nothing else.
 */
import { rm } from 'node:fs/promises';
import { Cluster, readDocuments, runSkein, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { loseWrites } from './lose-writes.ts';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

async function begun(): Promise<{ leader: NodeProcess; follower: NodeProcess }> {
  const leader = await cluster.leader();
  const follower = await cluster.follower(leader);
  for (let i = 0; i < 20; i++) await leader.client.put(`/v1/collections/c/k-${i}`, i);
  await follower.caughtUpWith(leader);
  // It says so with its next question, and a leader that is stopped before has not heard it.
  await until('the leader knows', async () => (await leader.status()).followers[0]?.lag_changes === 0);
  return { leader, follower };
}

async function refused(follower: NodeProcess, what: RegExp): Promise<void> {
  await until('it refuses to follow', async () => (await follower.status()).replication.phase === 'refused');
  const health = await follower.health();
  expect(health).toMatchObject({ healthy: false, lag_changes: null, error: expect.stringMatching(what) });
  expect((await follower.client.get('/readyz')).status).toBe(503);
  expect(follower.log).toMatch(/"level":50.*the leader's history is not ours/);
}

/** Neither before nor after it has noticed does anything go into another history in its name. */
async function expectNotWritten(leader: NodeProcess, follower: NodeProcess): Promise<void> {
  const { position } = await leader.status();
  const { status, json } = await follower.client.put('/v1/collections/c/forwarded', 1);
  expect([status >= 400, ['other_log', 'ahead', 'leader_refused']]).toStrictEqual([
    true,
    expect.arrayContaining([json.code]),
  ]);
  expect((await leader.status()).position).toBe(position);
}

async function expectAlike(leader: NodeProcess, follower: NodeProcess): Promise<void> {
  await follower.ready();
  await leader.client.put('/v1/collections/c/after', 'all that');
  await follower.caughtUpWith(leader);
  expect((await follower.status()).position).toBe((await leader.status()).position);
  expect(await readDocuments(follower.client)).toStrictEqual(await readDocuments(leader.client));
}

describe('a leader that came back empty', () => {
  it('is refused, and followed when an operator says so', async () => {
    const { leader, follower } = await begun();
    await leader.stop();
    await rm(leader.data, { recursive: true });
    await leader.start();
    await expectNotWritten(leader, follower);
    await refused(follower, /another log/);
    await expectNotWritten(leader, follower);
    expect((await follower.client.get('/v1/collections/c/k-7')).json).toBe(7);
    await follower.restart();
    await refused(follower, /another log/);

    await follower.restart({ 'accept-reset': true });
    await expectAlike(leader, follower);
    expect((await follower.client.get('/v1/collections/c/k-7')).status).toBe(404);
    // It was accepted once: the next time is another loss.
    await leader.stop();
    await rm(leader.data, { recursive: true });
    await leader.start();
    await refused(follower, /another log/);
    expect((await follower.client.get('/v1/collections/c/after')).json).toBe('all that');
  });
});

describe('a leader that came back empty, at the head of a chain', () => {
  it('is followed by the whole chain when an operator says so, though nobody writes', async () => {
    const { leader, follower } = await begun();
    const last = await cluster.follower(follower);
    await last.caughtUpWith(follower);
    await loseWrites(cluster, leader, async () => {
      await leader.client.put('/v1/collections/c/lost', 1);
      await last.caughtUpWith(leader);
    });

    await follower.restart({ 'accept-reset': true });
    await follower.ready();
    const { stdout } = await runSkein(['rescue', 'list', '--data', follower.data]);
    expect(stdout).toMatch(/ 1 change, 21 to 21 of /);
    await until('the last one says that it is behind', async () =>
      (await last.health()).error?.includes('is behind this node'),
    );
    expect((await last.client.get('/v1/collections/c/lost')).json).toBe(1);
    await last.restart({ 'accept-reset': true });
    await last.ready();
    expect((await last.status()).position).toBe((await leader.status()).position);
    expect((await last.client.get('/v1/collections/c/lost')).status).toBe(404);
    await expectAlike(leader, last);
  });
});

describe('a leader that came back as it was an hour ago', () => {
  it('is refused before and after it has written over what was lost, and followed when an operator says so', async () => {
    const { leader, follower } = await begun();
    await loseWrites(cluster, leader, async () => {
      for (let i = 0; i < 5; i++) await leader.client.put(`/v1/collections/c/lost-${i}`, i);
      await follower.caughtUpWith(leader);
    });
    await expectNotWritten(leader, follower);
    await refused(follower, /ahead of its leader/);
    // Its leader says so as well, where it might look as if nothing was missing.
    expect((await leader.status()).followers).toMatchObject([{ lag_changes: 0, refusal: 'ahead' }]);
    const { exitCode, stdout, stderr } = await runSkein(['status', leader.url, follower.url]);
    expect([exitCode, stderr]).toStrictEqual([1, expect.stringMatching(/^skein: .*ahead of its leader/)]);
    expect(stdout).toMatch(/ refused: ahead /);
    for (let i = 0; i < 9; i++) await leader.client.put(`/v1/collections/c/new-${i}`, i);
    await follower.restart();
    await refused(follower, /changes that are not in the leader's history/);
    expect((await follower.client.get('/v1/collections/c/lost-4')).json).toBe(4);

    await follower.restart({ 'accept-reset': true });
    await expectAlike(leader, follower);
    expect((await follower.client.get('/v1/collections/c/lost-4')).status).toBe(404);
    expect((await follower.client.get('/v1/collections/c/new-8')).json).toBe(8);
    expect((await leader.status()).followers).toMatchObject([{ state: 'live', refusal: null }]);
  });
});
