import type { Bench } from '../bench.ts';
import { inPairs, toRow, type Run } from '../results.ts';
import { quiet, type Stage, type StagedNode } from '../stage.ts';
import { load, untilTrimmed } from './nodes.ts';
import { DOCUMENTS, measureRaw, RAW_NAME } from './raw.ts';

const RATIO = { of: 'ratio', relation: 'at least', bound: 0.6 } as const;

/** So few that a new follower can only make a copy. */
const CHANGES_RETAINED = 1000;

/**
 * A new follower makes a copy of a leader of 200,000 documents that keeps next to nothing of its log: from its first request,
 * which is refused, to the moment the copy is served, with all of it read once more in between. Nobody writes meanwhile, so
 * there is nothing to replay.
 */
export const snapshotBootstrap: Bench = {
  name: 'snapshot-bootstrap',
  async run(stage, { runs }) {
    const leader = await trimmedLeader(stage);
    const pairs = await inPairs(runs, {
      figure: () => measure(stage, leader),
      ceiling: async () => {
        await quiet(leader.actor);
        return measureRaw(stage);
      },
    });
    const name = `snapshot bootstrap of ${DOCUMENTS.toLocaleString('en')} documents`;
    return [toRow({ name, unit: 'documents/s', runs: pairs, ceilingName: RAW_NAME, target: RATIO })];
  },
};

/** A leader that has been started again on its documents, behind its trimming. */
async function trimmedLeader(stage: Stage): Promise<StagedNode> {
  const data = stage.directory();
  const flags = ['--retain-changes', String(CHANGES_RETAINED)];
  const loaded = await stage.node('leader', flags, data);
  await load(stage, loaded.url);
  // A record that is only partly among the newest stays.
  await untilTrimmed(loaded.url, DOCUMENTS - 2 * CHANGES_RETAINED);
  await quiet(loaded.actor);
  await stage.stop(loaded.actor);
  return stage.node('leader', flags, data);
}

async function measure(stage: Stage, leader: StagedNode): Promise<Run> {
  await quiet(leader.actor);
  const given = { leader: leader.url, directory: stage.directory(), untilOffset: DOCUMENTS };
  const follower = stage.start('follower-node', given);
  await follower.hear();
  const { seconds } = await follower.hear<{ readonly seconds: number }>();
  await stage.stop(follower);
  return { value: DOCUMENTS / seconds };
}
