/*
 * A follower that was away for too long takes over only what has changed.
 *
 * What a follower needs next is no longer in its leader's log. It still has nearly everything, so the two tell each other
 * what they have in hashes, the documents that differ are sent, and it stands where its leader stood: by one step, before
 * which it serves what it had.
 */
import { Cluster, readDocuments, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

vi.setConfig({ testTimeout: 90_000 });

const DOCUMENTS = 5000;

/** A leader and a follower that was stopped, and for which nothing is kept any more. */
async function lost(): Promise<{ leader: NodeProcess; follower: NodeProcess }> {
  const leader = await cluster.leader({ 'retain-changes': 10, 'retain-age': '2s' });
  const follower = await cluster.follower(leader, { 'node-id': 'away' });
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({ key: `d-${i}`, value: { n: i } }));
  await leader.client.load('large', documents);
  await follower.caughtUpWith(leader);
  await follower.stop();
  for (let i = 0; i < 30; i++) await leader.client.put(`/v1/collections/large/d-${i * 7}`, { changed: i });
  await leader.client.delete('/v1/collections/large/d-4000');
  await leader.client.put('/v1/collections/large/new', 'while it was away');
  await leader.client.put('/v1/collections/other/k', 1, { 'idempotency-key': 'once' });
  for (let i = 0; i < 20; i++) await leader.client.put('/v1/collections/other/k', i);
  await until('the log is trimmed', async () => (await leader.status()).tail > DOCUMENTS + 30);
  return { leader, follower };
}

async function expectAlike(leader: NodeProcess, follower: NodeProcess): Promise<void> {
  await follower.ready();
  await follower.caughtUpWith(leader);
  expect(await readDocuments(follower.client)).toStrictEqual(await readDocuments(leader.client));
  const { collections } = (await leader.client.get('/v1/collections')).json;
  expect((await follower.client.get('/v1/collections')).json).toStrictEqual({ collections });
}

describe('a follower whose changes are gone', () => {
  it('takes over what differs and nothing else, and goes on from the log', async () => {
    const { leader, follower } = await lost();
    await follower.start();
    await expectAlike(leader, follower);
    const { replication } = await follower.status();
    expect(replication).toMatchObject({
      phase: 'following',
      last_recovery: { rung: 'compare', documents_moved: 33 },
    });
    const snapshot = async ({ client }: NodeProcess) => (await client.get('/v1/snapshot')).text;
    expect(await snapshot(follower)).toBe(await snapshot(leader));
    await leader.client.put('/v1/collections/large/after', 1);
    await expectAlike(leader, follower);
    await follower.restart();
    await expectAlike(leader, follower);
  });

  it('does so while writes go on, and killed in the middle of it', async () => {
    const { leader, follower } = await lost();
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) await leader.client.put(`/v1/collections/large/d-${i % DOCUMENTS}`, i);
    })();
    for (let times = 0; times < 3; times++) {
      await follower.start();
      await follower.kill();
    }
    await follower.start();
    await follower.ready({ timeoutMs: 40_000 });
    isOver = true;
    await writing;
    await expectAlike(leader, follower);
  });
});
