import { verifyNodes } from 'skein';
import type { Bench } from '../bench.ts';
import { toRow, type Run } from '../results.ts';
import { quiet, type Stage, type StagedNode } from '../stage.ts';
import { untilApplied } from './nodes.ts';

const DOCUMENTS = 1_000_000;
const DOCUMENTS_QUICK = 100_000;
const COMPARISONS = 20;

const TARGET = { of: 'figure', relation: 'under', bound: 50 } as const;

/**
 * A leader and its follower with a million small documents are compared as `skein verify` compares them, connections and
 * all, once their first pass over the documents is done. How long that one took is noted beside.
 */
export const verify: Bench = {
  name: 'verify',
  async run(stage, { runs, quick }) {
    const documents = quick ? DOCUMENTS_QUICK : DOCUMENTS;
    const { leader, follower } = await loadedPair(stage, documents);
    const first_pass_ms = await compare(leader, follower, documents);
    const measured: Run[] = [];
    for (let i = 0; i < runs; i++) {
      let tookMs = 0;
      for (let n = 0; n < COMPARISONS; n++) tookMs += await compare(leader, follower, documents);
      measured.push({ value: tookMs / COMPARISONS, notes: { documents, first_pass_ms } });
    }
    const name = 'comparing two equal million-document stores after the first pass';
    return [toRow({ name, unit: 'ms', runs: measured, target: TARGET })];
  },
};

async function loadedPair(
  stage: Stage,
  documents: number,
): Promise<{ readonly leader: StagedNode; readonly follower: StagedNode }> {
  const leader = await stage.node('leader');
  const follower = await stage.node('follower', ['--leader', leader.url]);
  const loader = stage.start('bulk-loader', { url: leader.url, documents, small: true });
  await loader.hear();
  await stage.stop(loader);
  await untilApplied(follower.url, documents);
  await quiet(leader.actor);
  await quiet(follower.actor);
  return { leader, follower };
}

async function compare(leader: StagedNode, follower: StagedNode, documents: number): Promise<number> {
  const startedAt = performance.now();
  const report = await verifyNodes(leader.url, follower.url);
  const tookMs = performance.now() - startedAt;
  if (report.count !== 0 || report.documents !== documents || report.a.position !== report.b.position)
    throw new Error('the two nodes are not equal');
  return tookMs;
}
