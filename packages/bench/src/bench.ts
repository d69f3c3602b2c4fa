import type { Row } from './results.ts';
import type { Stage } from './stage.ts';

export interface BenchOptions {
  /** How often everything is measured; the table shows medians. */
  readonly runs: number;
  /** Shorter runs, for a look at whether it works. */
  readonly quick: boolean;
}

/** One thing to measure; it puts its processes and directories on the stage it is given. */
export interface Bench {
  readonly name: string;
  run(stage: Stage, options: BenchOptions): Promise<readonly Row[]>;
}
