import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './closing-line-reporter.ts';
import { LongestFirst } from './longest-first.ts';

/*
 * Three projects, one after the other. `unit` is everything that stays inside its own process. `system` starts real processes,
 * which mostly wait: three files at a time. `alone` keeps the machine busy, or has the ports of the README: one file at a time.
 */
const alone = ['test/chaos/*-loop.test.ts', 'test/examples/**/*.test.ts'];
const system = ['test/e2e/**/*.test.ts', 'test/browser/**/*.test.ts', 'test/chaos/**/*.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, '**/dist/**', ...system, ...alone],
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: system,
          exclude: [...configDefaults.exclude, '**/dist/**', ...alone],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          exclude: [...configDefaults.exclude, '**/dist/**'],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    // No file changes what another one has loaded, and most of the time of a small one went into loading it all again.
    isolate: false,
    // What is built is loaded by Node as it is.
    server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
