import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './closing-line-reporter.ts';

/*
 * Two projects, one after the other. `unit` is everything that stays inside its own process and may share the machine.
 * `system` starts real processes and measures real time: one file at a time, and never beside the others, so that a slow
 * start means something.
 */
const system = [
  'test/e2e/**/*.test.ts',
  'test/chaos/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/browser/**/*.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, '**/dist/**', ...system],
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: system,
          exclude: [...configDefaults.exclude, '**/dist/**'],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
