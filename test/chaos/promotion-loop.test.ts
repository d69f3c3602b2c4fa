import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, readDocuments, startMembers, until, type NodeProcess } from '@skein/testing';
import { afterAll, expect, it } from 'vitest';
import { expectSound } from './expectations.ts';
import { randomOf, seedOfRun, type Random } from './random.ts';

/*
 * The leader of three members is killed again and again, while clients write to all of them without pause, and another member
 * is promoted. Every write that was acknowledged is there on whoever leads then, and in the end on all.
 */
const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const WRITERS = 3;

const cluster = new Cluster();
afterAll(() => cluster.close());

it(`loses nothing in ${ROUNDS} promotions`, { timeout: 300_000 }, async () => {
  const random = randomOf(seedOfRun());
  const members = await startMembers(cluster, { 'min-replicas': 1 });
  const acknowledged = new Map<string, string>();
  const stopping = new AbortController();
  const writing = Array.from({ length: WRITERS }, (_, i) =>
    writeOn(members, `w${i}`, { random, acknowledged, until: stopping.signal }),
  );

  let leader = members[0]!;
  for (let round = 0; round < ROUNDS; round++) {
    const enough = acknowledged.size + 5 + random.below(20);
    await until('some more writes are acknowledged', () => acknowledged.size >= enough, { everyMs: 1 });
    await leader.kill();
    const mustHave = new Map(acknowledged);
    const killed = leader;
    leader = await promoteOneOf(members.filter((member) => member !== killed).toSorted(() => random.below(2) - 0.5));
    await killed.start();
    await follows(killed, leader);
    await expectThere(leader, mustHave);
  }
  stopping.abort();
  await Promise.all(writing);

  const documents = await readDocuments(leader.client);
  for (const member of members) {
    await member.caughtUpWith(leader, { timeoutMs: 40_000 });
    expect(await readDocuments(member.client)).toStrictEqual(documents);
    await expectThere(member, acknowledged);
  }
  for (const member of members) await expectSound(member, member === leader ? 'leader' : 'follower');
  console.log(`${ROUNDS} promotions, ${acknowledged.size} acknowledged writes`);
});

interface Writing {
  readonly random: Random;
  /** What was acknowledged, by key, with where. */
  readonly acknowledged: Map<string, string>;
  readonly until: AbortSignal;
}

/** Writes one document after another, each to a node of chance. */
async function writeOn(members: readonly NodeProcess[], name: string, { random, acknowledged, until: end }: Writing) {
  for (let i = 0; !end.aborted; i++) {
    const key = `${name}-${i}`;
    const answer = await random
      .pick(members)
      .client.put(`/v1/collections/docs/${key}`, { key })
      .catch(() => undefined);
    if (answer !== undefined && answer.status < 300) acknowledged.set(key, answer.json.position);
    // Leave the processor to who is starting.
    else await sleep(10);
  }
}

async function expectThere({ client }: NodeProcess, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  const { lines } = await client.get('/v1/collections/docs', { accept: 'application/x-ndjson' });
  const versions = new Map(lines.map(({ key, version }) => [key, version]));
  const missing = [...acknowledged].filter(([key, position]) => !position.startsWith(`${versions.get(key)}.`));
  expect(missing).toStrictEqual([]);
}

/** Whichever may lead first. */
async function promoteOneOf(members: readonly NodeProcess[]): Promise<NodeProcess> {
  return until('one of them leads', async () => {
    for (const member of members) if ((await member.client.post('/v1/admin/promote', {})).status === 200) return member;
    return undefined;
  });
}

async function follows(node: NodeProcess, leader: NodeProcess): Promise<void> {
  await until(`${node.url} follows ${leader.url}`, async () => {
    const { role, leader: followed, healthy } = await node.status();
    return role === 'follower' && followed.url === leader.url && healthy === true;
  });
}
