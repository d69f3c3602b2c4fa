import { styleText } from 'node:util';
import { copyText } from '@skein/replication';
import Table from 'cli-table3';
import { Command } from 'commander';
import { z } from 'zod';
import { reasonOf } from './ask-node.ts';
import { CommandError } from './command-error.ts';

const URL_DEFAULT = 'http://127.0.0.1:7400';
const TIMEOUT_MS = 5000;

const copySchema = z.object({
  step: z.string(),
  documents: z.number(),
  documents_total: z.number().nullable(),
  seconds_left: z.number().nullable(),
});

const statusSchema = z.looseObject({
  role: z.string(),
  node: z.string(),
  log: z.string().nullable(),
  epoch: z.string().nullable(),
  state: z.string(),
  store: z.string(),
  healthy: z.boolean().optional(),
  error: z.string().nullish(),
  position: z.string(),
  tail: z.number(),
  lag: z.object({ changes: z.number().nullable(), seconds: z.number().nullable() }),
  followers: z.array(
    z.object({
      id: z.string(),
      applied: z.string(),
      lag_changes: z.number(),
      seen_seconds_ago: z.number().nullable(),
      state: z.string(),
      refusal: z.string().nullish(),
    }),
  ),
  leader: z.object({ url: z.string(), path: z.array(z.string()).nullish() }).optional(),
  replication: z
    .object({
      phase: z.string(),
      connected: z.boolean(),
      last_error: z.string().nullable(),
      recovery: z.object({ copy: copySchema.nullable() }).nullish(),
    })
    .optional(),
});

type Row = (string | { readonly content: string; readonly colSpan: number })[];
type Status = z.infer<typeof statusSchema>;
type Answer = { readonly url: string; readonly status: Status } | { readonly url: string; readonly problem: string };

/** Asks each node how it is. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show the state of one or more nodes. Exit code 1 when one of them is not healthy.')
    .argument('[urls...]', 'addresses of nodes', [URL_DEFAULT])
    .option('--json', 'print what the nodes answered')
    .action(async (urls: readonly string[], { json }: { json?: boolean }) => {
      const answers = await Promise.all(urls.map(ask));
      process.stdout.write(json === true ? `${JSON.stringify(answers, null, 2)}\n` : `${tablesOf(answers)}\n`);
      const silent = answers.filter((answer) => 'problem' in answer);
      if (silent.length > 0)
        throw new CommandError('unavailable', `no status from ${silent.map(({ url }) => url).join(', ')}`);
      const unwell = answers.flatMap((answer) => ('status' in answer && isUnwell(answer.status) ? [answer] : []));
      if (unwell.length > 0)
        throw new CommandError('failed', unwell.map(({ status }) => `${status.node}: ${status.error}`).join('\n'));
    });
}

async function ask(url: string): Promise<Answer> {
  try {
    const { request } = await import('undici');
    const { statusCode, body } = await request(new URL('/v1/status', url), {
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = await body.text();
    if (statusCode !== 200) return { url, problem: `answered HTTP ${statusCode}` };
    return { url, status: statusSchema.parse(JSON.parse(text)) };
  } catch (error) {
    return { url, problem: error instanceof z.ZodError ? 'is not a Skein node' : reasonOf(error) };
  }
}

function tablesOf(answers: readonly Answer[]): string {
  const followers = answers.flatMap((answer) =>
    'status' in answer ? answer.status.followers.map((slot) => followerRow(answer.status.node, slot)) : [],
  );
  const tables = [tableOf(answers)];
  if (followers.length > 0) tables.push(table(['follower', 'of', 'state', 'acknowledged', 'lag', 'seen'], followers));
  return tables.join('\n');
}

function followerRow(node: string, slot: Status['followers'][number]): string[] {
  const { id, state, refusal, applied, lag_changes: lag, seen_seconds_ago: seen } = slot;
  const stateText = refusal ? red(`refused: ${refusal}`) : state === 'lost' ? red(state) : state;
  const seenText = seen === null ? 'not since its start' : `${seen.toFixed(1)} s ago`;
  return [id, node, stateText, applied, `${lag} changes`, seenText];
}

function table(head: string[], rows: readonly Row[]): string {
  const made = new Table({ head, style: { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
}

function tableOf(answers: readonly Answer[]): string {
  const rows = answers.map((answer): Row =>
    'status' in answer
      ? rowOf(answer.url, answer.status)
      : ['–', '–', { content: red(answer.problem), colSpan: 5 }, answer.url],
  );
  return table(['node', 'role', 'state', 'position', 'tail', 'lag', 'follows', 'address'], rows);
}

function rowOf(url: string, status: Status): string[] {
  const { replication, store, state, lag } = status;
  const doing = store !== 'ready' ? store : replication === undefined ? state : phaseOf(replication);
  const isDoingWell = doing === 'running' || doing === 'following';
  const isWell = isDoingWell && !isUnwell(status);
  const worst = isDoingWell && !isWell ? 'unhealthy' : doing;
  const lagText = `${lag.changes ?? 'unknown'} changes, ${lag.seconds === null ? 'unknown' : `${lag.seconds.toFixed(1)} s`}`;
  const place = [status.position, String(status.tail), lagText, followedBy(status)];
  return [status.node, status.role, isWell ? worst : red(worst), ...place, url];
}

/** A node of an earlier version does not say. */
function isUnwell({ healthy }: Status): boolean {
  return healthy === false;
}

/** The nodes it follows, nearest first; the address that it was given while it does not know them. */
function followedBy({ leader }: Status): string {
  if (leader === undefined) return '–';
  return leader.path?.join(' → ') ?? leader.url;
}

/** What it does, and how far it is with that; between two attempts at a copy there is no telling. */
function phaseOf({ phase, connected, recovery }: NonNullable<Status['replication']>): string {
  if (phase === 'recovering' && recovery?.copy) return copyText(recovery.copy);
  return phase === 'following' && !connected ? 'no contact' : phase;
}

function red(text: string): string {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? styleText('red', text) : text;
}
