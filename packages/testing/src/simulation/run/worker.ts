import { runSeed } from './run-seed.ts';
import type { OnlyWorlds, SeedOptions } from './seed-options.ts';

/** What a process of its own is given: these seeds, one after the other, each told as soon as it is done. */
export interface SeedsGiven {
  readonly seeds: readonly number[];
  readonly only: OnlyWorlds | undefined;
}

/** What it tells of each. */
export interface SeedTold {
  readonly seed: number;
  readonly events: number;
  readonly marks: readonly string[];
  readonly violation: { readonly checker: string; readonly message: string } | undefined;
}

/** So many seeds are run twice, to see that a seed is a run. */
const RUN_TWICE_EVERY = 50;

process.on('message', (given: SeedsGiven) => void work(given));

async function work({ seeds, only }: SeedsGiven): Promise<void> {
  for (const seed of seeds) process.send!(await tell(seed, { only }));
  process.disconnect();
}

async function tell(seed: number, options: SeedOptions): Promise<SeedTold> {
  const { events, marks, violation, trace } = await runSeed(seed, options);
  const told = { seed, events, marks: [...marks] };
  if (violation !== undefined) {
    const { checker, message } = violation;
    return { ...told, violation: { checker, message } };
  }
  if (seed % RUN_TWICE_EVERY === 0 && (await runSeed(seed, options)).trace !== trace)
    return { ...told, violation: { checker: 'determinism', message: 'the seed was another run the second time' } };
  return { ...told, violation: undefined };
}
