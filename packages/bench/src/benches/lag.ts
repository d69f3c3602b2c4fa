import type { Bench } from '../bench.ts';
import type { Write } from '../processes/open-loop-writer.ts';
import { percentile, toRow, type Run } from '../results.ts';
import type { Actor, Stage } from '../stage.ts';
import { arrivals } from './arrivals.ts';
import { untilApplied, writeOne } from './nodes.ts';

const PER_SECOND = 1000;
/** What is measured is nodes that have been running for a while: what they run has been compiled by then. */
const WARM_UP_SECONDS = 12;

/** What one run measured, in milliseconds, change by change. */
interface Lags {
  /** From the acknowledgement to the change having been read from the follower's feed by another process. */
  readonly readable: readonly number[];
  /** From the acknowledgement to the change being durable at the follower. */
  readonly applied: readonly number[];
  /** From the moment the write was due by the clock to having been read. */
  readonly fromDue: readonly number[];
  /** From the moment it was due to its acknowledgement. */
  readonly acknowledged: readonly number[];
}

/**
 * 1,000 writes a second by the clock, a follower in long poll, and a reader in long poll on the follower's feed. Five
 * processes share the machine: leader, follower, writer, reader and the bench, which waits. Times are of the machine's
 * monotonic clock, joined by offset. The first two seconds of a run are not looked at.
 */
export const lag: Bench = {
  name: 'lag',
  async run(stage, options) {
    const leader = await stage.node('leader');
    const follower = stage.start('follower-node', { leader: leader.url, directory: stage.directory() });
    const { url } = await follower.hear<{ readonly url: string }>();
    await writeOne(leader.url);
    await untilApplied(url, 1);
    const nodes: Nodes = { leaderUrl: leader.url, followerUrl: url, follower };
    await measure(stage, nodes, options.quick ? 1 : WARM_UP_SECONDS);
    const measured: Lags[] = [];
    for (let i = 0; i < Math.min(options.runs, 3); i++)
      measured.push(await measure(stage, nodes, options.quick ? 3 : 7));
    const row = (percent: number, bound: number) =>
      toRow({
        name: `lag at 1,000 writes/s, p${percent}`,
        unit: 'ms',
        runs: measured.map((lags) => runOf(lags, percent)),
        target: { of: 'figure', relation: 'under', bound },
      });
    return [row(50, 2), row(99, 10)];
  },
};

function runOf(lags: Lags, percent: number): Run {
  return {
    value: percentile(lags.readable, percent),
    notes: {
      applied_ms: percentile(lags.applied, percent),
      from_due_ms: percentile(lags.fromDue, percent),
      acknowledged_ms: percentile(lags.acknowledged, percent),
    },
  };
}

interface Nodes {
  readonly leaderUrl: string;
  readonly followerUrl: string;
  readonly follower: Actor;
}

async function measure(stage: Stage, nodes: Nodes, seconds: number): Promise<Lags> {
  const { leaderUrl, followerUrl, follower } = nodes;
  const observer = stage.start('feed-observer', { url: followerUrl });
  await observer.hear();
  const counts = { warmUpWrites: 2 * PER_SECOND, writes: PER_SECOND * seconds };
  const writer = stage.start('open-loop-writer', { url: leaderUrl, perSecond: PER_SECOND, ...counts });
  const writes = await writer.hear<readonly Write[]>();
  await stage.stop(writer);
  await untilApplied(followerUrl, Math.max(...writes.map(({ offset }) => offset)));
  const readable = await arrivals(observer);
  const applied = await arrivals(follower);
  await stage.stop(observer);
  return {
    readable: writes.map(({ offset, acknowledgedAt }) => readable(offset) - acknowledgedAt),
    applied: writes.map(({ offset, acknowledgedAt }) => applied(offset) - acknowledgedAt),
    fromDue: writes.map(({ offset, dueAt }) => readable(offset) - dueAt),
    acknowledged: writes.map(({ dueAt, acknowledgedAt }) => acknowledgedAt - dueAt),
  };
}
