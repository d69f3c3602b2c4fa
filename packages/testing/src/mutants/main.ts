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
const chosen = MUTANTS.filter(({ name }) => values.only === undefined || name.includes(values.only));
const width = Math.max(...chosen.map(({ name }) => name.length));
const startedAt = performance.now();
const tree = await MutantTree.of(REPOSITORY.replace(/\/$/, ''));
let escaped = 0;
try {
  for (const mutant of chosen) {
    const caught = await catchOne(mutant);
    if (caught.by === null) escaped++;
    process.stdout.write(`${mutant.name.padEnd(width)}  ${caughtText(caught)}\n`);
  }
} finally {
  await tree.remove();
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(`${chosen.length - escaped} of ${chosen.length} planted bugs caught (${seconds} s)\n`);
process.exitCode = escaped === 0 ? 0 : 1;

async function catchOne(mutant: Mutant): Promise<Catch> {
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
