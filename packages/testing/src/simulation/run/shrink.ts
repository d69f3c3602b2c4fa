import type { Fault } from '../faults/fault.ts';
import { runSeed } from './run-seed.ts';
import type { SeedOptions } from './seed-options.ts';
import type { SeedResult } from './world.ts';

const RUNS_MAX = 60;

export interface Shrunk {
  readonly result: SeedResult;
  /** Which of the seed's faults are not needed. */
  readonly without: readonly number[];
  readonly writersLess: number;
}

/** Finds what of a failing world can be left out so that it still fails in the same way: faults first, then clients. */
export async function shrink(
  failed: SeedResult,
  run: (seed: number, options: SeedOptions) => Promise<SeedResult> = runSeed,
): Promise<Shrunk> {
  const { seed, faults } = failed;
  const checker = failed.violation!.checker;
  let runs = 0;
  const failsWith = async (without: ReadonlySet<number>, writersLess: number): Promise<boolean> => {
    if (runs++ >= RUNS_MAX) return false;
    const { violation } = await run(seed, { faults: leftOf(faults, without), writersLess });
    return violation?.checker === checker;
  };
  const without = new Set<number>();
  if (await failsWith(new Set(faults.keys()), 0)) for (const i of faults.keys()) without.add(i);
  for (const i of faults.keys()) {
    if (without.has(i)) continue;
    without.add(i);
    if (!(await failsWith(without, 0))) without.delete(i);
  }
  let writersLess = 0;
  while (writersLess < 2 && (await failsWith(without, writersLess + 1))) writersLess++;
  const result = await run(seed, { faults: leftOf(faults, without), writersLess, keepTranscript: true });
  return { result, without: [...without], writersLess };
}

export function leftOf(faults: readonly Fault[], without: ReadonlySet<number>): readonly Fault[] {
  return faults.filter((_, i) => !without.has(i));
}
