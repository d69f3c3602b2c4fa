import { Bench } from './bench.ts';
import type { CreateLevel } from './levels.ts';

/** What a suite needs of a test runner. Vitest's has it, and node:test's. */
export interface TestApi {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

/** One theme of the suite. Each test gets a bench of its own and leaves nothing behind. */
export interface Suite {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly test: (name: string, run: (bench: Bench) => Promise<void>) => unknown;
}

export function suiteOf({ describe, it }: TestApi, createLevel: CreateLevel): Suite {
  const test: Suite['test'] = (name, run) =>
    it(name, async () => {
      const bench = new Bench(createLevel);
      try {
        await run(bench);
      } finally {
        await bench.remove();
      }
    });
  return { describe, test };
}
