import type { Bench } from '../bench.ts';
import type { Write } from '../processes/open-loop-writer.ts';
import { percentile, toRow, type Run } from '../results.ts';
import { sleep, type Stage } from '../stage.ts';
import { arrivals } from './arrivals.ts';
import { writeOne } from './nodes.ts';

const PER_SECOND = 1000;
/** A stream has everything long before this. */
const LAST_MS = 500;

/**
 * 1,000 writes a second by the clock, and a reader of the leader's events: from the acknowledgement of a write to its event
 * having been read by another process. Both leave the leader in one turn, so a reader may well have it before the writer
 * knows; that is less than nothing, and the note counts from when the write was sent.
 */
export const sseLag: Bench = {
  name: 'sse-lag',
  async run(stage, options) {
    const { url } = await stage.node('leader');
    await writeOne(url);
    const runs: Run[] = [];
    for (let i = 0; i < Math.min(options.runs, 3); i++) runs.push(await measure(stage, url, options.quick ? 3 : 7));
    const target = { of: 'figure', relation: 'under', bound: 1.5 } as const;
    return [toRow({ name: 'SSE lag at 1,000 writes/s, p50', unit: 'ms', runs, target })];
  },
};

async function measure(stage: Stage, url: string, seconds: number): Promise<Run> {
  const observer = stage.start('event-observer', { url });
  await observer.hear();
  const counts = { warmUpWrites: 2 * PER_SECOND, writes: PER_SECOND * seconds };
  const writer = stage.start('open-loop-writer', { url, perSecond: PER_SECOND, ...counts });
  const writes = await writer.hear<readonly Write[]>();
  await stage.stop(writer);
  await sleep(LAST_MS);
  const readAt = await arrivals(observer);
  await stage.stop(observer);
  const lags = writes.map(({ offset, acknowledgedAt }) => readAt(offset) - acknowledgedAt);
  const sinceSent = writes.map(({ offset, sentAt }) => readAt(offset) - sentAt);
  return {
    value: percentile(lags, 50),
    notes: {
      p99_ms: percentile(lags, 99),
      since_sent_p50_ms: percentile(sinceSent, 50),
      since_sent_p99_ms: percentile(sinceSent, 99),
    },
  };
}
