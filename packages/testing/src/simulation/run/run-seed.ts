import { Rng } from '../world/rng.ts';
import { LeaderRun } from './leader-run.ts';
import { MeshRun } from './mesh-run.ts';
import type { SeedOptions, WorldRun } from './seed-options.ts';
import type { SeedResult } from './world.ts';

/** So many of the worlds are meshes. */
const MESHES = 1 / 10;

/** Makes the world of a seed, lets it happen, and answers what was seen. The same seed is the same world, always. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const run = worldOf(seed, options);
  const onRejection = (reason: unknown): void => run.fail(`a promise was rejected and nobody cared: ${String(reason)}`);
  process.on('unhandledRejection', onRejection);
  try {
    return await run.toItsEnd();
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

function worldOf(seed: number, options: SeedOptions): WorldRun {
  const isMesh = options.only === undefined ? Rng.named(seed, 'mesh').chance(MESHES) : options.only === 'meshes';
  return isMesh ? new MeshRun(seed, options) : new LeaderRun(seed, options);
}
