import type { Bench } from '../bench.ts';
import { cpuSecondsOf } from '../machine.ts';
import { toRow, type Run } from '../results.ts';
import { sleep, type Actor } from '../stage.ts';
import { untilApplied, writeOne } from './nodes.ts';

const SETTLE_MS = 3000;

/** The CPU a leader uses while nothing happens and one follower waits for it, in percent of a core; nothing subtracted. */
export const idle: Bench = {
  name: 'idle',
  async run(stage, { runs, quick }) {
    const followed = await stage.node('leader');
    const follower = await stage.node('follower', ['--leader', followed.url]);
    const alone = await stage.node('leader');
    await Promise.all([writeOne(followed.url), writeOne(alone.url)]);
    await untilApplied(follower.url, 1);
    await sleep(SETTLE_MS);
    const measured: Run[] = [];
    for (let i = 0; i < Math.min(runs, 3); i++) {
      const actors = { followed: followed.actor, follower: follower.actor, alone: alone.actor };
      const used = await percentOfCore(Object.values(actors), quick ? 5 : 10);
      measured.push({
        value: used[0]!,
        notes: { follower_percent: used[1]!, leader_without_follower_percent: used[2]! },
      });
    }
    const target = { of: 'figure', relation: 'under', bound: 0.5 } as const;
    return [toRow({ name: 'leader with an idle follower', unit: '% of a core', runs: measured, target })];
  },
};

async function percentOfCore(actors: readonly Actor[], seconds: number): Promise<readonly number[]> {
  const before = actors.map(({ pid }) => cpuSecondsOf(pid));
  await sleep(seconds * 1000);
  return actors.map(({ pid }, i) => ((cpuSecondsOf(pid) - before[i]!) / seconds) * 100);
}
