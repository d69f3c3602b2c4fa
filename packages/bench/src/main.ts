import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { BENCH_NAMES, runBenches } from './run-benches.ts';
import { tableOf } from './table.ts';

const HELP = `npm run bench -- [options]

  --only NAME      run this bench; may be given more than once (${BENCH_NAMES.join(', ')})
  --runs N         measure everything N times; the table shows medians (3)
  --json FILE      where to write the results (bench-results.json)
  --quick          one short run of each, to see that it works
  --node-flag F    give a flag to every process, such as --node-flag=--cpu-prof; may be given more than once
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string' },
    json: { type: 'string', default: 'bench-results.json' },
    quick: { type: 'boolean', default: false },
    'node-flag': { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

function usageProblem(): string | undefined {
  const unknown = values.only?.find((name) => !BENCH_NAMES.includes(name));
  if (unknown !== undefined) return `there is no bench '${unknown}': ${BENCH_NAMES.join(', ')}`;
  if (values.runs !== undefined && !/^[1-9]\d?$/.test(values.runs)) return '--runs is a whole number from 1 to 99';
  return undefined;
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  // Each bench listens.
  setMaxListeners(0, interrupted.signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
  const startedAt = Date.now();
  const rows = await runBenches({
    runs: values.runs === undefined ? (values.quick ? 1 : 3) : Number(values.runs),
    quick: values.quick,
    only: values.only,
    nodeFlags: values['node-flag'],
    onBench: (name) => process.stderr.write(`${secondsSince(startedAt)} s: measuring ${name} …\n`),
    signal: interrupted.signal,
  });
  const seconds = secondsSince(startedAt);
  const results = { date: new Date(startedAt).toISOString(), seconds, machine: describeMachine(), quick: values.quick };
  writeFileSync(values.json, `${JSON.stringify({ ...results, rows }, null, 2)}\n`);
  process.stdout.write(`${tableOf(rows)}\nmedians; every run is in ${values.json} (${seconds} s)\n`);
}

function secondsSince(ms: number): number {
  return Math.round((Date.now() - ms) / 1000);
}

const problem = usageProblem();
if (values.help) process.stdout.write(HELP);
else if (problem === undefined) await main();
else {
  process.stderr.write(`bench: ${problem}\n`);
  process.exitCode = 2;
}
