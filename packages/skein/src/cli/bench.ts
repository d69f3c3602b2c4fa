import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { MODES, type LoadPlan, type Mode } from '../load/load-plan.ts';
import type { LoadResult } from '../load/run-load.ts';
import type { KindResult } from '../load/tally.ts';
import { assertNodeAddress, assertWritable } from './arguments.ts';
import { askNode } from './ask-node.ts';
import { CommandError } from './command-error.ts';
import { ProgressLine } from './progress-line.ts';

interface BenchFlags {
  readonly mode: Mode;
  readonly connections: number;
  readonly seconds: number;
  readonly rate?: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly collection: string;
  readonly json?: boolean;
}

const URL_DEFAULT = 'http://127.0.0.1:7400';

/** Measures a node under load. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Put a node under load and measure it. It writes documents of its own, and deletes them at the end.')
    .argument('[url]', 'address of a node, a leader or a follower', URL_DEFAULT)
    .addOption(new Option('--mode <mode>', 'mixed is four reads to each write').choices(MODES).default('put'))
    .option('--connections <count>', 'requests at once', (text) => numberBetween(text, 1, 1000), 16)
    .option('--seconds <count>', 'how long', (text) => numberBetween(text, 1, 3600), 10)
    .option('--rate <count>', 'requests a second; times count from when each is due', (text) =>
      numberBetween(text, 1, 1e6),
    )
    .option('--value-bytes <count>', 'of each document', (text) => numberBetween(text, 32, 1_048_576), 256)
    .option('--keys <count>', 'how many documents there are', (text) => numberBetween(text, 1, 1e7), 10_000)
    .option('--collection <name>', 'where to put them', 'skein-bench')
    .option('--json', 'print the result as JSON')
    .action(async (url: string, { json, ...flags }: BenchFlags) => {
      assertNodeAddress(url);
      const { collection } = flags;
      assertWritable(collection);
      const prefix = `skein-bench-${randomBytes(4).toString('hex')}-`;
      const plan = { ...flags, url: new URL(url).origin, rate: flags.rate ?? null, prefix };
      const result = await run(plan);
      process.stdout.write(json === true ? jsonOf(plan, result) : textOf(plan, result));
      const { failures } = result;
      if (failures > 0) throw new CommandError('failed', `${failures} requests failed`);
    });
}

function numberBetween(text: string, min: number, max: number): number {
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new InvalidArgumentError(`It is not a whole number from ${min} to ${max}.`);
}

/** Ctrl-C ends the measuring, not the cleaning up behind it. */
async function run(plan: LoadPlan): Promise<LoadResult> {
  const stopping = new AbortController();
  // Every connection that waits for its next request listens to it.
  setMaxListeners(0, stopping.signal);
  const stop = (): void => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  let progress = (): string => 'preparing';
  const line = new ProgressLine(process.stderr, () => progress());
  try {
    const { status } = await askNode(plan.url, { path: '/v1/status' });
    if (status !== 200) throw new CommandError('unavailable', `${plan.url} is not a Skein node: HTTP ${status}`);
    // Not for its help, since it is all of the load.
    const { runLoad } = await import('../load/run-load.ts');
    const { deleteOwnDocuments, putOwnDocuments } = await import('../load/own-documents.ts');
    try {
      if (plan.mode === 'get' || plan.mode === 'mixed') await putOwnDocuments(plan);
      return await runLoad(plan, stopping.signal, (tally) => {
        progress = () =>
          `${plan.mode}: ${number.format(tally.requests)} requests, ${number.format(tally.failures)} failed`;
      });
    } finally {
      progress = () => 'deleting what was written';
      await deleteOwnDocuments(plan);
    }
  } finally {
    line.end();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
}

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

function textOf(plan: LoadPlan, { seconds, kinds, errors, notSent }: LoadResult): string {
  const { url, mode, connections, rate, valueBytes } = plan;
  const pace = rate === null ? '' : `, ${number.format(rate)} requests/s wanted`;
  const lines = [
    `${mode}, ${connections} connections, ${seconds.toFixed(1)} s${pace}, values of ${number.format(valueBytes)} bytes, ${url}`,
    ...kinds.flatMap((result) => linesOf(result, seconds)),
  ];
  const errorTexts = Object.entries(errors).map(([code, count]) => `${number.format(count)} ${code}`);
  if (errorTexts.length > 0) lines.push(`  failed      ${errorTexts.join(', ')}`);
  if (notSent > 0)
    lines.push(`  never sent  ${number.format(notSent)} requests that were due: the node did not keep up`);
  return `${lines.join('\n')}\n`;
}

function linesOf({ kind, requests, documents, latencyMs }: KindResult, seconds: number): readonly string[] {
  const documentsText = documents === requests ? '' : `, ${number.format(documents / seconds)} documents/s`;
  const { p50, p90, p99, max } = latencyMs;
  const times = Object.entries({ p50, p90, p99, max }).map(([name, ms]) => `${name} ${msText(ms)}`);
  return [
    `  ${kind.padEnd(10)}  ${number.format(requests)} requests, ${number.format(requests / seconds)}/s${documentsText}`,
    `              ${times.join(', ')}`,
  ];
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
}

function jsonOf(plan: LoadPlan, { seconds, kinds, errors, failures, notSent }: LoadResult): string {
  const said = {
    url: plan.url,
    mode: plan.mode,
    connections: plan.connections,
    rate: plan.rate,
    value_bytes: plan.valueBytes,
    seconds: Number(seconds.toFixed(3)),
    kinds: kinds.map(({ kind, requests, documents, latencyMs }) => ({
      kind,
      requests,
      requests_per_second: Math.round(requests / seconds),
      documents,
      documents_per_second: Math.round(documents / seconds),
      latency_ms: latencyMs,
    })),
    errors,
    failed: failures,
    not_sent: notSent,
  };
  return `${JSON.stringify(said, null, 2)}\n`;
}
