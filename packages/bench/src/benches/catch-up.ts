import type { Bench } from '../bench.ts';
import { forgetPeak, memoryOf, MIB, WRITE_BUFFERS_MIB } from '../machine.ts';
import { inPairs, toRow, type Run } from '../results.ts';
import { quiet, sleep, type Stage, type StagedNode } from '../stage.ts';
import { load } from './nodes.ts';
import { DOCUMENTS, measureRaw, RAW_NAME } from './raw.ts';

/** A node is idle when it has listened for this long and nobody has asked anything of it. */
const IDLE_MS = 1000;

const RATIO = { of: 'ratio', relation: 'at least', bound: 0.4 } as const;
const GROWTH = { of: 'figure', relation: 'at most', bound: 150 } as const;

interface CatchUp {
  readonly run: Run;
  readonly leaderMib: number;
  readonly followerMib: number;
}

/**
 * An empty follower catches up with a leader's 200,000 changes over HTTP, from its first request to the moment the last
 * change is durable. Memory is what the kernel saw at most during that, less what the process had when it was started and
 * idle: the leader with its changes, so that nothing of their loading is in it, the follower empty. The follower's write
 * buffers are taken off; the leader writes nothing.
 */
export const catchUp: Bench = {
  name: 'catch-up',
  async run(stage, { runs }) {
    const leader = await loadedLeader(stage);
    await sleep(IDLE_MS);
    const leaderIdle = memoryOf(leader.actor.pid).now;
    const followerIdle = await idleFollowerMemory(stage);
    const caughtUp: CatchUp[] = [];
    const pairs = await inPairs(runs, {
      figure: async () => {
        const one = await measure(stage, leader, { leader: leaderIdle, follower: followerIdle });
        caughtUp.push(one);
        return one.run;
      },
      ceiling: async () => {
        await quiet(leader.actor);
        return measureRaw(stage);
      },
    });
    const memory = (name: string, runsOf: readonly Run[]) => toRow({ name, unit: 'MiB', runs: runsOf, target: GROWTH });
    return [
      toRow({ name: 'catch-up', unit: 'changes/s', runs: pairs, ceilingName: RAW_NAME, target: RATIO }),
      memory(
        'catch-up: leader memory above idle',
        caughtUp.map(({ leaderMib, run }) => ({ value: leaderMib, notes: run.notes })),
      ),
      memory(
        'catch-up: follower memory above idle',
        caughtUp.map(({ followerMib, run }) => ({ value: followerMib, notes: run.notes })),
      ),
    ];
  },
};

/** A leader that has been started again on its changes. */
async function loadedLeader(stage: Stage): Promise<StagedNode> {
  const data = stage.directory();
  const loaded = await stage.node('leader', [], data);
  await load(stage, loaded.url);
  await quiet(loaded.actor);
  await stage.stop(loaded.actor);
  return stage.node('leader', [], data);
}

/** A follower of a leader that has nothing yet. */
async function idleFollowerMemory(stage: Stage): Promise<number> {
  const leader = await stage.node('leader');
  const follower = stage.start('follower-node', { leader: leader.url, directory: stage.directory() });
  await follower.hear();
  await sleep(IDLE_MS);
  const { now } = memoryOf(follower.pid);
  await stage.stop(follower);
  await stage.stop(leader.actor);
  return now;
}

async function measure(
  stage: Stage,
  leader: StagedNode,
  idle: { readonly leader: number; readonly follower: number },
): Promise<CatchUp> {
  await quiet(leader.actor);
  const leaderBefore = memoryOf(leader.actor.pid).now;
  forgetPeak(leader.actor.pid);
  const given = { leader: leader.url, directory: stage.directory(), untilOffset: DOCUMENTS };
  const follower = stage.start('follower-node', given);
  await follower.hear();
  const { seconds } = await follower.hear<{ readonly seconds: number }>();
  const leaderPeak = memoryOf(leader.actor.pid).peak;
  const followerPeak = memoryOf(follower.pid).peak;
  await stage.stop(follower);
  const notes = {
    leader_idle_mib: idle.leader / MIB,
    leader_before_mib: leaderBefore / MIB,
    leader_peak_mib: leaderPeak / MIB,
    follower_idle_mib: idle.follower / MIB,
    follower_peak_mib: followerPeak / MIB,
  };
  return {
    run: { value: DOCUMENTS / seconds, notes },
    leaderMib: (leaderPeak - idle.leader) / MIB,
    followerMib: (followerPeak - idle.follower) / MIB - WRITE_BUFFERS_MIB,
  };
}
