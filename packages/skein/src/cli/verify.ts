import { kindOf, type Difference, type DifferenceKind } from '@skein/replication';
import { Command, InvalidArgumentError } from 'commander';
import type { Apart, VerifyReport } from '../verify/verify-nodes.ts';
import { CommandError } from './command-error.ts';
import { ProgressLine } from './progress-line.ts';

const WAIT_DEFAULT = 10;
const LIMIT_DEFAULT = 1000;

interface VerifyFlags {
  readonly json?: boolean;
  readonly wait: number;
  readonly limit: number;
}

/** Compares the documents of two nodes. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('Compare the documents of two nodes; exit code 1 when they differ, 75 when it cannot be told.')
    .argument('<a>', 'address of a node, or the data directory of one that is stopped')
    .argument('<b>', 'the same of another')
    .option('--json', 'print the result as JSON')
    .option('--wait <seconds>', 'how long to wait for both to be at one position', wholeNumber, WAIT_DEFAULT)
    .option('--limit <count>', 'how many differences to list', wholeNumber, LIMIT_DEFAULT)
    .action(async (a: string, b: string, flags: VerifyFlags) => {
      const report = await verifyWithProgress(a, b, flags);
      process.stdout.write(flags.json === true ? jsonOf(report) : linesOf(report));
      for (const note of notesOn(report)) process.stderr.write(`skein: ${note}\n`);
      assertEqual(report);
    });
}

/** Nothing was found to differ, and there is nothing of which that could not be told. */
function areEqual({ count, open }: VerifyReport): boolean {
  return count === 0 && open === 0;
}

function assertEqual(report: VerifyReport): void {
  const { count, differences } = report;
  if (areEqual(report)) return;
  if (count === 0)
    throw new CommandError(
      'try-later',
      'whether A and B are the same cannot be told: compare again when the one behind has caught up',
    );
  const listed = differences.length < count ? `; the first ${differences.length} are listed` : '';
  throw new CommandError('failed', `${counted(count)} not the same in A and B${listed}`);
}

async function verifyWithProgress(a: string, b: string, { wait, limit }: VerifyFlags): Promise<VerifyReport> {
  let text = 'waiting for the digests of both';
  const line = new ProgressLine(process.stderr, () => text);
  try {
    // Not for its help, since it is all of a store.
    const { verifyNodes } = await import('../verify/verify-nodes.ts');
    return await verifyNodes(a, b, {
      waitSeconds: wait,
      limit,
      onProgress: ({ hashes, documents, differences }) => {
        text = `comparing: ${hashes} hashes, ${documents} documents, ${differences} differ`;
      },
    });
  } finally {
    line.end();
  }
}

function wholeNumber(text: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

function jsonOf(report: VerifyReport): string {
  const { a, b, apart, differences, count, moved, open } = report;
  const listed = differences.map(({ collection, key, mine, theirs }) => ({ collection, key, a: mine, b: theirs }));
  return `${JSON.stringify({ equal: areEqual(report), a, b, apart, count, moved, open, differences: listed }, null, 2)}\n`;
}

function linesOf({ differences }: VerifyReport): string {
  return differences.map((each) => `${each.collection} ${keyText(each.key)}: ${whatOf(each)}\n`).join('');
}

const WHAT: Readonly<Record<DifferenceKind, string>> = {
  'extra here': 'only in A',
  'missing here': 'only in B',
  different: 'differs',
};

function whatOf(difference: Difference): string {
  const { mine, theirs } = difference;
  const what = WHAT[kindOf(difference)];
  return mine === null || theirs === null ? what : `${what} (${mine}, ${theirs})`;
}

/** A key that is not one plain word is quoted, so that each line is one document. */
function keyText(key: string): string {
  return /[\s\p{C}"]/u.test(key) ? JSON.stringify(key) : key;
}

const APART: Readonly<Record<Apart, string>> = {
  'other-logs': 'A and B are of different logs',
  forked: 'A and B are of one log, and their histories have come apart',
  'leader-behind': 'one of A and B leads and ends before the other, so it has lost what that one has',
  mesh: 'A and B are nodes of a mesh, each with a log of its own',
};

const COMPARED: Readonly<Record<Apart, string>> = {
  'other-logs': 'values are compared, versions are not',
  forked: 'values are compared, versions are not',
  'leader-behind': 'values are compared, versions are not',
  mesh: 'the stamps of changes are compared, but for $conflicts and $tombstones',
};

function notesOn(report: VerifyReport): readonly string[] {
  const { a, b, apart, documents, moved, open } = report;
  const notes: string[] = [];
  if (apart !== null) notes.push(`${APART[apart]}: ${COMPARED[apart]}`);
  if (moved > 0)
    notes.push(`A is at ${a.position}, B at ${b.position}: ${counted(moved)} left out as changed between the two`);
  if (open > 0) notes.push(`${counted(open)} left out: whether they are the same could not be told in time`);
  if (areEqual(report) && apart === 'mesh') notes.push('A and B have the same documents');
  else if (areEqual(report) && a.position === b.position)
    notes.push(`A and B have the same ${documents} documents at ${a.position}`);
  else if (areEqual(report)) notes.push('A and B are the same as far as that can be told');
  return notes;
}

function counted(count: number): string {
  return count === 1 ? '1 document is' : `${count} documents are`;
}
