/*
 * Ten followers lose their leader in the middle of writes, more than once, and find it again by themselves when it is back
 * where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, readDocuments, until, type NodeProcess } from '@skein/testing';
import { formatPosition, startFollower, type RunningNode } from 'skein';
import { afterAll, beforeAll, expect, it } from 'vitest';

const FOLLOWERS = 10;
const KILLS = 3;

const cluster = new Cluster();
let leader: NodeProcess;
let followers: readonly RunningNode[] = [];

beforeAll(async () => {
  leader = await cluster.leader();
  followers = await Promise.all(Array.from({ length: FOLLOWERS }, (_, i) => follower(`follower-${i}`)));
});
afterAll(() => cluster.close());

async function follower(nodeId: string): Promise<RunningNode> {
  const node = await startFollower({
    leader: leader.url,
    data: await cluster.directory(),
    port: 0,
    nodeId,
    backoffBaseMs: 200,
    backoffMaxMs: 1000,
    circuitOpenMs: 500,
    writeBufferBytes: 1024 * 1024,
  });
  cluster.atEnd(() => node.close());
  return node;
}

const headOf = ({ store }: RunningNode): number => store.facts.head.offset;

/** Until all of them have applied something that they have not now. */
async function allGoOn(): Promise<void> {
  const before = followers.map(headOf);
  await until('all followers go on', () => followers.every((node, i) => headOf(node) > before[i]!), {
    timeoutMs: 25_000,
  });
}

/** Writes for as long as something lasts; answers how many writes failed. */
async function writeDuring(work: () => Promise<void>): Promise<number> {
  let isOver = false;
  let failed = 0;
  const writing = (async () => {
    for (let i = 0; !isOver; i++) {
      const write = leader.client.put(`/v1/collections/c-${i % 3}/k-${i % 40}`, i);
      await write.catch(async () => {
        failed++;
        await sleep(20);
      });
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await writing;
  }
  return failed;
}

it('ten followers whose leader is killed and started again, while it is written to, all hold what it holds', async () => {
  const failed = await writeDuring(async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await allGoOn();
      await leader.kill();
      await until('they have noticed', () => followers.every((node) => !node.health().connected));
      await leader.start();
    }
    await allGoOn();
  });
  expect(failed).toBeGreaterThan(0);

  const { position } = await leader.status();
  const documents = await readDocuments(leader.client);
  for (const node of followers) {
    // The position holds the hash of the whole log up to it.
    await until('it is where its leader is', () => formatPosition(node.store.facts.head) === position);
    expect(await readDocuments(cluster.client(node.url))).toStrictEqual(documents);
    await until('it is well', () => node.health().healthy);
  }
}, 120_000);
