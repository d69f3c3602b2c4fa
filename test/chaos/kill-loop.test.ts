import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, FeedChecker, readFeed, until, type Flags, type NodeProcess } from '@skein/testing';
import { afterAll, expect, it } from 'vitest';
import { expectSameEverywhere, expectSound } from './expectations.ts';
import { Oracle } from './oracle.ts';
import { randomOf, seedOfRun, type Random } from './random.ts';
import { Writers } from './writers.ts';

/*
 * Processes of a leader, its follower and the follower of that are killed at random moments, in the middle of writing, of
 * applying, of starting, while clients write without pause. Whoever comes back must go on with the very history it had, the
 * leader with everything that was acknowledged before; and in the end all must hold the same bytes.
 */
const KILLS = 50;

const cluster = new Cluster();
afterAll(() => cluster.close());

it(`loses and doubles nothing in ${KILLS} kills`, { timeout: 300_000 }, async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const leader = await cluster.leader();
  await leader.client.put('/v1/collections/docs/first', { id: 'first' });
  const follower = await cluster.follower(leader);
  const second = await cluster.follower(follower);
  await second.ready();
  const readers = new Map([leader, follower, second].map((node) => [node, new FeedChecker()]));
  const oracle = new Oracle();
  oracle.asked({ id: 'first', changes: 1, isTransaction: false });
  const clients = [leader.client, leader.client, follower.client, second.client];
  const writers = new Writers({ clients, oracle, seed, count: 4 });

  let kills = 0;
  while (kills < KILLS) {
    const victims = new Set([random.pick([leader, leader, follower, second])]);
    if (random.chance(0.2)) victims.add(random.pick([leader, follower, second]));
    const enough = oracle.acknowledged + random.below(40);
    await until('some more writes are acknowledged', () => oracle.acknowledged >= enough, { everyMs: 1 });
    await sleep(random.below(20));
    for (const node of victims) await node.kill();
    kills += victims.size;
    for (const node of victims) kills += await comeBack(node, random);
    for (const node of victims) {
      const mustHave = oracle.acknowledgedIds();
      const { changes } = await readFeed(node.client, readers.get(node));
      if (node === leader) oracle.check(changes, mustHave);
    }
  }
  await writers.stop();

  // Also ends the pause of a follower that found its leader gone too often.
  for (const node of [follower, second]) await node.restart();
  oracle.check(await expectSameEverywhere([leader, follower, second]));
  for (const node of [second, follower]) await expectSound(node, 'follower');
  await expectSound(leader, 'leader');
  expect(oracle.acknowledged).toBeGreaterThan(10 * KILLS);
  console.log(`${kills} kills, ${oracle.acknowledged} acknowledged writes`);
});

/** Starts a node as somebody else might, sometimes after a start that was killed as well; answers how many were. */
async function comeBack(node: NodeProcess, random: Random): Promise<number> {
  // With the least buffer there is, LevelDB changes its files all the time.
  const flags: Flags = { 'write-buffer': random.pick(['64KiB', '64KiB', '64MiB']) };
  const isKilledAgain = random.chance(0.25);
  if (isKilledAgain) {
    node.launch(flags);
    await sleep(random.below(500));
    await node.kill();
  }
  await node.start(flags);
  return Number(isKilledAgain);
}
