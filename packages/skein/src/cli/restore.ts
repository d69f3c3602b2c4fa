import { randomBytes } from 'node:crypto';
import { formatPosition, isNodeId, isSkeinError, type LossAccepted, type Position } from '@skein/protocol';
import { planRestore, type RestorePlan } from '@skein/replication';
import { Command } from 'commander';
import type { BackupDescription, BackupSource } from '../backup/backup.ts';
import { askNode, isNodeAddress } from './ask-node.ts';
import { withProgress } from './backup-progress.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';

interface RestoreFlags {
  readonly data?: string;
  readonly peers: readonly string[];
  readonly nodeId?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Makes a leader's data directory of a backup. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('Make a data directory of a backup, for a leader that begins a new epoch where the backup ends.')
    .argument('<backup>', 'directory of the backup')
    .option('--data <dir>', 'directory to make; it must not exist, or be empty')
    .option(
      '--peers <urls>',
      'addresses of the other nodes that have the log, whose epochs it has to be above',
      urls,
      [],
    )
    .option('--node-id <id>', 'name of the node; another one than any that may come back')
    .option('--check', 'only read all of the backup, and say whether it is whole')
    .option('--json', 'print what was made as JSON')
    .action(async (directory: string, flags: RestoreFlags) => {
      const { BackupDirectorySource } = await import('../backup/backup-directory.ts');
      const source = new BackupDirectorySource(directory);
      await (flags.check === true ? check(source, directory, flags) : restore(source, directory, flags));
    });
}

async function check(source: BackupSource, directory: string, { json }: RestoreFlags): Promise<void> {
  const { proveBackup } = await import('../backup/restore-store.ts');
  const description = await readable(directory, () => withProgress((onProgress) => proveBackup(source, onProgress)));
  const { documents, position, takenAt } = description;
  const whole = `${directory} is whole: ${countText(documents, 'document')} as of ${formatPosition(position)}, taken ${takenAt}\n`;
  process.stdout.write(json === true ? jsonOf(description) : whole);
}

async function restore(source: BackupSource, directory: string, flags: RestoreFlags): Promise<void> {
  const { data, peers, nodeId = `node-${randomBytes(4).toString('hex')}`, json } = flags;
  if (data === undefined) throw new CommandError('usage', 'say where to: --data <dir>, a new directory');
  if (!isNodeId(nodeId)) throw new CommandError('usage', `${nodeId} is not the name of a node`);
  const { assertNew, restoreDirectory } = await import('../backup/restore-directory.ts');
  await assertNew(data);
  const description = await readable(directory, () => source.describe());
  const { counter, fork, mayBeLost } = begun(planRestore({ ...description, ...(await hear(peers)) }));
  const position = await readable(directory, () =>
    withProgress((onProgress) => restoreDirectory(source, data, { node: nodeId, counter, mayBeLost, onProgress })),
  );
  if (peers.length === 0)
    process.stderr.write(
      'skein: no --peers were asked: where another node has an epoch that is not below the new one, it will not follow it\n',
    );
  if (json === true) process.stdout.write(jsonOf(description, { position, fork, mayBeLost }));
  else process.stdout.write(sentences(description, { data, position, fork, mayBeLost }));
}

/** What the other nodes of the log say of themselves. */
async function hear(peers: readonly string[]) {
  const { heardFrom } = await import('@skein/http');
  const answers = await Promise.all(
    peers.map(async (url) => {
      try {
        const { status, json } = await askNode(url, { path: '/v1/member' });
        return status === 200 ? heardFrom(url, json, 0) : url;
      } catch {
        return url;
      }
    }),
  );
  return {
    heard: answers.filter((answer) => typeof answer !== 'string'),
    silent: answers.filter((answer) => typeof answer === 'string'),
  };
}

function begun(plan: RestorePlan): Extract<RestorePlan, { kind: 'begin' }> {
  switch (plan.kind) {
    case 'begin':
      return plan;
    case 'silent':
      throw new CommandError(
        'unavailable',
        `${plan.urls.join(', ')} did not say which epochs there are: start what can be started, and leave out what is gone for good`,
      );
    case 'other-log':
      throw new CommandError('failed', `${plan.urls.join(', ')} has another log than the backup`);
  }
}

/** What is wrong with a backup is said in a sentence that names it. */
async function readable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isSkeinError(error, 'bad_record') || isSkeinError(error, 'corrupt'))
      throw new CommandError('failed', `${directory} is not to be believed: ${error.message}`, error);
    throw error;
  }
}

interface Restored {
  readonly position: Position;
  readonly fork: number;
  readonly mayBeLost: LossAccepted;
}

function sentences(
  { documents, position: from }: BackupDescription,
  { data, position, fork, mayBeLost }: Restored & { readonly data: string },
): string {
  const behind = fork < from.offset ? `${fork}, where a newer epoch had left the history of the backup` : 'that';
  const upTo = mayBeLost.upTo === null ? '' : `, at least up to ${mayBeLost.upTo},`;
  return [
    `${data} has ${countText(documents, 'document')} as of ${formatPosition(from)}, and goes on with epoch ${position.epoch}`,
    `what was written behind ${behind}${upTo} is not in it; nodes that have it will save it to rescue files`,
    `start it with  skein leader --data ${data}`,
    '',
  ].join('\n');
}

function jsonOf({ log, position: from, documents, takenAt }: BackupDescription, restored?: Restored): string {
  const backup = { log, position: formatPosition(from), documents, taken_at: takenAt };
  const made =
    restored === undefined
      ? {}
      : { epoch: restored.position.epoch, offset: restored.position.offset, mayBeLost: restored.mayBeLost };
  return `${JSON.stringify({ ...backup, ...made }, null, 2)}\n`;
}

function urls(text: string): readonly string[] {
  return text.split(',').map((each) => {
    const address = each.trim();
    if (!isNodeAddress(address)) throw new CommandError('usage', `--peers: ${address} is not the address of a node`);
    return new URL(address).origin;
  });
}
