import { join } from 'node:path';
import { execa } from 'execa';
import type { MutantTree } from './mutant-tree.ts';
import type { Mutant } from './mutant.ts';

/** How a planted bug was caught; `by` is null when it was not. */
export interface Catch {
  readonly by: string | null;
  readonly seeds: number | null;
}

const SEEDS_MAX = 1000;

/** Lets loose on a planted bug what should catch it: thousands of simulated events, or the test it names. */
export function hunt(tree: MutantTree, mutant: Mutant): Promise<Catch> {
  return mutant.test === undefined ? bySeeds(tree, worldsOf(mutant)) : byTest(tree, mutant.test);
}

function worldsOf({ ofSets = false, ofMeshes = false }: Mutant): readonly string[] {
  if (ofSets) return ['--sets'];
  return ofMeshes ? ['--meshes'] : [];
}

async function bySeeds({ root }: MutantTree, only: readonly string[]): Promise<Catch> {
  const main = join(root, 'packages/testing/dist/simulation/run/main.js');
  const worlds = ['--seeds', `${SEEDS_MAX}`, '--from', '1', ...only];
  const { stdout, exitCode } = await execa('node', [main, ...worlds, '--brief'], { cwd: root, reject: false });
  const failure = /^seed (\d+) fails: (.+)$/m.exec(stdout);
  if (exitCode === 0 || failure === null) return { by: null, seeds: null };
  const seeds = Number(/^(\d+) seeds/m.exec(stdout)?.[1]);
  return { by: failure[2]!, seeds };
}

/** Tests of all packages together: these may start nodes. */
const OF_ALL = 'test/';

async function byTest(tree: MutantTree, test: string): Promise<Catch> {
  const { root } = tree;
  if (test.startsWith(OF_ALL)) await tree.bundle();
  const config = join(root, '.config/vitest.config.ts');
  const { exitCode, stdout } = await execa('npx', ['vitest', 'run', '--config', config, '--root', root, test], {
    cwd: root,
    reject: false,
  });
  const failed = Number(/(\d+) failed(?:, \d+ skipped)?$/.exec(stdout.trimEnd())?.[1] ?? 0);
  return exitCode !== 0 && failed > 0 ? { by: `${test}: ${failed} tests`, seeds: null } : { by: null, seeds: null };
}
