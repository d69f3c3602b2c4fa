import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { faultText } from '../faults/fault.ts';
import { SOMETIMES } from './marks.ts';
import { runSeed } from './run-seed.ts';
import { runSeeds } from './run-seeds.ts';
import type { OnlyWorlds, SeedOptions } from './seed-options.ts';
import { leftOf, shrink } from './shrink.ts';
import { storyOf } from './transcript.ts';
import type { SeedResult } from './world.ts';

const HELP = `npm run sim -- [options]

  --seeds N        run so many worlds (100)
  --from N         the first seed; by default the number of minutes since 1970, so that each run sees others
  --seed S         run this one, and tell its story when it fails
  --without I,J    leave out these of its faults; with --seed
  --writers-less N leave out so many of its writers; with --seed
  --sets           every world is a set of members, where else few are
  --meshes         every world is a mesh, where else one in ten is
  --past FILE      seeds that failed once, as JSON; they are run first
  --brief          of a failure, only the seed and the reason
  --workers N      processes side by side (as many as there are cores)
`;

/** Only so many worlds are enough to say that something rare never came about. */
const SEEDS_FOR_MARKS = 1000;
const TRANSCRIPT_LINES = 80;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string' },
    seed: { type: 'string' },
    without: { type: 'string', default: '' },
    'writers-less': { type: 'string', default: '0' },
    past: { type: 'string' },
    sets: { type: 'boolean', default: false },
    meshes: { type: 'boolean', default: false },
    workers: { type: 'string' },
    brief: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const only = onlyWorlds();
const runOf = (seed: number, options: SeedOptions = {}): Promise<SeedResult> => runSeed(seed, { ...options, only });

if (values.help) process.stdout.write(HELP);
else process.exitCode = values.seed === undefined ? await runMany() : await runOne(Number(values.seed));

async function runOne(seed: number): Promise<number> {
  const without = new Set(values.without === '' ? [] : values.without.split(',').map(Number));
  const drawn = await runOf(seed);
  const faults = leftOf(drawn.faults, without);
  const writersLess = Number(values['writers-less']);
  const result = await runOf(seed, { faults, writersLess, keepTranscript: true });
  if (result.violation === undefined) {
    process.stdout.write(`seed ${seed}: ${result.events} events, trace ${result.trace}, nothing wrong\n`);
    return 0;
  }
  tellStory(result);
  return 1;
}

async function runMany(): Promise<number> {
  const first = values.from === undefined ? Math.floor(Date.now() / 60_000) : Number(values.from);
  const count = Number(values.seeds);
  const past = values.past === undefined ? [] : (JSON.parse(readFileSync(values.past, 'utf8')) as { seed: number }[]);
  const seeds = [...past.map(({ seed }) => seed), ...Array.from({ length: count }, (_, i) => first + i)];
  const startedAt = performance.now();
  const marks = new Set<string>();
  let events = 0;
  let done = 0;
  let failed: number | undefined;
  await runSeeds({
    seeds,
    only,
    workers: Number(values.workers ?? availableParallelism()),
    onSeed: (told) => {
      done++;
      events += told.events;
      for (const mark of told.marks) marks.add(mark);
      if (told.violation !== undefined) failed ??= told.seed;
      return failed === undefined;
    },
  });
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(
    `${done} seeds from ${first} (${past.length} of them failed once), ${events} events, ${(done / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s\n`,
  );
  if (failed !== undefined) return tellFailure(failed);
  const missing = SOMETIMES.filter((mark) => !marks.has(mark));
  if (missing.length > 0) process.stdout.write(`never came about: ${missing.join('; ')}\n`);
  return count >= SEEDS_FOR_MARKS && only === undefined && missing.length > 0 ? 1 : 0;
}

async function tellFailure(seed: number): Promise<number> {
  const again = await runOf(seed);
  if (again.violation === undefined) {
    process.stdout.write(`seed ${seed} failed, and not when it was run again: the simulator is not deterministic\n`);
    return 1;
  }
  if (values.brief) {
    process.stdout.write(`${reasonOf(again)}\n`);
    return 1;
  }
  const { result, without, writersLess } = await shrink(again, runOf);
  tellStory(result);
  const left = without.length === 0 ? '' : ` --without ${without.join(',')}`;
  const fewer = writersLess === 0 ? '' : ` --writers-less ${writersLess}`;
  const replay = `npm run sim -- --seed ${seed}${only === undefined ? '' : ` --${only}`}`;
  process.stdout.write(`\nreplay:  ${replay}\n`);
  process.stdout.write(`shrunk:  ${replay}${left}${fewer}\n`);
  return 1;
}

function onlyWorlds(): OnlyWorlds | undefined {
  if (values.sets) return 'sets';
  return values.meshes ? 'meshes' : undefined;
}

function reasonOf({ seed, violation }: SeedResult): string {
  return `seed ${seed} fails: ${violation!.checker}: ${violation!.message}`;
}

function tellStory(result: SeedResult): void {
  const { faults } = result;
  const story = storyOf(result.transcript);
  const lines = [
    reasonOf(result),
    '',
    faults.length === 0 ? 'no faults' : 'faults:',
    ...faults.map((fault) => `  ${faultText(fault)}`),
    '',
    `the last ${Math.min(TRANSCRIPT_LINES, story.length)} of ${story.length} events:`,
    ...story.slice(-TRANSCRIPT_LINES),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
