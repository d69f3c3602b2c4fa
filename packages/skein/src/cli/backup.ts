import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, type Clock } from '@skein/core';
import { formatPosition, LIMITS } from '@skein/protocol';
import { Command } from 'commander';
import type { BackupDescription } from '../backup/backup.ts';
import { withProgress } from './backup-progress.ts';
import { assertNodeAddress } from './arguments.ts';
import { reasonOf } from './ask-node.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';

const TIMEOUT_MS = 30_000;
/** While the command waits it has not ended. */
const CLOCK: Clock = { ...systemClock, sleep: (ms) => sleep(ms) };

/** Takes a backup of a running node. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('Take a backup of a running node: all its documents as of one position, in a directory of its own.')
    .argument('<url>', 'address of the node, a leader or a follower')
    .argument('<directory>', 'where to put it; a new directory, or an empty one')
    .option('--json', 'print what was taken as JSON')
    .action(async (url: string, directory: string, { json }: { readonly json?: boolean }) => {
      assertNodeAddress(url);
      const { description, bytes } = await take(url, directory);
      process.stdout.write(json === true ? jsonOf(description, bytes) : sentence(description, bytes, directory));
    });
}

async function take(
  url: string,
  directory: string,
): Promise<{ readonly description: BackupDescription; readonly bytes: number }> {
  const { undiciLink } = await import('@skein/http');
  const { BackupDirectorySink } = await import('../backup/backup-directory.ts');
  const { Declined, takeBackup } = await import('../backup/take-backup.ts');
  const sink = await BackupDirectorySink.in(directory);
  const answerBytesMax = LIMITS.pageBytesMax + LIMITS.recordBytesMax;
  const link = undiciLink(url, { connections: 2, timeoutMs: TIMEOUT_MS, answerBytesMax });
  const onBegunAgain = (reason: string): void => void process.stderr.write(`skein: beginning again: ${reason}\n`);
  try {
    const description = await withProgress((onProgress) =>
      takeBackup(link, sink, { clock: CLOCK, onProgress, onBegunAgain }),
    );
    return { description, bytes: sink.bytes };
  } catch (error) {
    if (error instanceof CommandError || isOfDisk(error)) throw error;
    const reason = error instanceof Declined ? 'failed' : 'unavailable';
    throw new CommandError(reason, `no backup was taken of ${url}: ${reasonOf(error)}`, error);
  } finally {
    await link.close();
  }
}

function isOfDisk(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).path !== undefined;
}

function sentence({ documents, position }: BackupDescription, bytes: number, directory: string): string {
  const size = `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${directory} has ${countText(documents, 'document')} as of ${formatPosition(position)} (${size})\n`;
}

function jsonOf({ log, position, documents, node, takenAt }: BackupDescription, bytes: number): string {
  const said = { log, position: formatPosition(position), documents, bytes, node, taken_at: takenAt };
  return `${JSON.stringify(said, null, 2)}\n`;
}
