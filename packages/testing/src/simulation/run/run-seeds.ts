import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedsGiven, SeedTold } from './worker.ts';

export interface SeedsOptions extends SeedsGiven {
  readonly workers: number;
  /** Told of each seed as it is done; false stops all that is under way. */
  readonly onSeed: (told: SeedTold) => boolean;
}

/** Worlds make much garbage, and most of what they run is run too seldom to be worth more than the simplest compiler. */
const V8_FLAGS = ['--max-semi-space-size=64', '--always-sparkplug'];

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));

/** Runs seeds in processes of their own, side by side. */
export async function runSeeds({ seeds, only, workers, onSeed }: SeedsOptions): Promise<void> {
  const count = Math.min(workers, seeds.length);
  const shares = Array.from({ length: count }, (_, w) => seeds.filter((_seed, i) => i % count === w));
  const children = shares.map(() => fork(WORKER, [], { serialization: 'advanced', execArgv: V8_FLAGS }));
  const stopAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  await Promise.all(
    children.map(
      (child, w) =>
        new Promise<void>((resolve, reject) => {
          let left = shares[w]!.length;
          child.on('message', (told: SeedTold) => {
            left--;
            if (!onSeed(told)) stopAll();
          });
          child.on('exit', (code, signal) => {
            if (left === 0 || signal === 'SIGKILL') resolve();
            else reject(new Error(`a process that ran seeds ended early: ${signal ?? code}`));
          });
          child.send({ seeds: shares[w]!, only } satisfies SeedsGiven);
        }),
    ),
  );
}
