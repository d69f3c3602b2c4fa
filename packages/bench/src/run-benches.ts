import type { Bench, BenchOptions } from './bench.ts';
import { bulkLoad } from './benches/bulk-load.ts';
import { catchUp } from './benches/catch-up.ts';
import { embeddedReads, embeddedWrites } from './benches/embedded.ts';
import { events } from './benches/events.ts';
import { get, put } from './benches/http.ts';
import { idle } from './benches/idle.ts';
import { lag } from './benches/lag.ts';
import { push } from './benches/push.ts';
import { snapshotBootstrap } from './benches/snapshot-bootstrap.ts';
import { sseLag } from './benches/sse-lag.ts';
import { verify } from './benches/verify.ts';
import type { Row } from './results.ts';
import { Stage } from './stage.ts';

const BENCHES: readonly Bench[] = [
  embeddedWrites,
  embeddedReads,
  catchUp,
  snapshotBootstrap,
  bulkLoad,
  put,
  get,
  lag,
  sseLag,
  events,
  push,
  idle,
  verify,
];

export const BENCH_NAMES: readonly string[] = BENCHES.map(({ name }) => name);

export interface BenchPlan extends BenchOptions {
  /** Names of benches to run; undefined runs all. */
  readonly only: readonly string[] | undefined;
  readonly nodeFlags: readonly string[];
  /** Told the name of each bench as it begins. */
  readonly onBench: (name: string) => void;
  readonly signal: AbortSignal;
}

/** Runs benches one after the other, each on a stage of its own that is cleared behind it. */
export async function runBenches(plan: BenchPlan): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const bench of BENCHES) {
    if (plan.only !== undefined && !plan.only.includes(bench.name)) continue;
    plan.signal.throwIfAborted();
    plan.onBench(bench.name);
    rows.push(...(await runOnStage(bench, plan)));
  }
  return rows;
}

async function runOnStage(bench: Bench, plan: BenchPlan): Promise<readonly Row[]> {
  const stage = new Stage(plan.nodeFlags);
  const aborted = new Promise<never>((_resolve, reject) => {
    plan.signal.addEventListener('abort', () => reject(plan.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([bench.run(stage, plan), aborted]);
  } finally {
    await stage.clear();
  }
}
