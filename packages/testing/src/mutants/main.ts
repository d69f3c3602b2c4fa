import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hunt, type Catch } from './hunt.ts';
import { MutantTree } from './mutant-tree.ts';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

/** `npm run mutants`: plants each bug in a copy of the built code and tells what caught it. */

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));

const REASON_CHARS = 120;
/** A hunt by a test waits more than it works. */
const LANES = 2;
const chosen = MUTANTS.filter(({ name }) => values.only === undefined || name.includes(values.only));
const width = Math.max(...chosen.map(({ name }) => name.length));
const startedAt = performance.now();
const waiting = [...chosen];
let escaped = 0;
await Promise.all(Array.from({ length: LANES }, huntAll));
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(`${chosen.length - escaped} of ${chosen.length} planted bugs caught (${seconds} s)\n`);
process.exitCode = escaped === 0 ? 0 : 1;

/** Each lane has a tree of its own, and takes the next one when it is done with one. */
async function huntAll(): Promise<void> {
  const tree = await MutantTree.of(REPOSITORY.replace(/\/$/, ''));
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const caught = await catchOne(tree, mutant);
      if (caught.by === null) escaped++;
      process.stdout.write(`${mutant.name.padEnd(width)}  ${caughtText(caught)}\n`);
    }
  } finally {
    await tree.remove();
  }
}

async function catchOne(tree: MutantTree, mutant: Mutant): Promise<Catch> {
  const takeOut = await tree.plant(mutant);
  try {
    return await hunt(tree, mutant);
  } finally {
    await takeOut();
  }
}

function caughtText({ by, seeds }: Catch): string {
  if (by === null) return 'NOT CAUGHT';
  const reason = by.length > REASON_CHARS ? `${by.slice(0, REASON_CHARS)}…` : by;
  return seeds === null ? reason : `after ${seeds} seeds: ${reason}`;
}
