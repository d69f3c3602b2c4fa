export type { Row, Run, Target } from './results.ts';
export { BENCH_NAMES, runBenches, type BenchPlan } from './run-benches.ts';
