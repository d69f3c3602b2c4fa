import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { classicLevel, syncDirectory, systemClock } from '@skein/core';
import type { LossAccepted, Position } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import type { BackupProgress, BackupSource } from './backup.ts';
import { namesIn } from './names-in.ts';
import { restoreStore } from './restore-store.ts';

export interface RestoreDirectoryOptions {
  readonly node: string;
  readonly counter: number;
  readonly mayBeLost: LossAccepted;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** Throws unless a data directory may be made there. */
export async function assertNew(directory: string): Promise<void> {
  if ((await namesIn(directory)).length > 0)
    throw new CommandError('usage', `${directory} is not empty: a backup is restored to a new directory`);
}

/**
 * Makes a data directory of a backup. It is made beside, and gets its name when all of it is there: nobody starts a node
 * with half of it.
 */
export async function restoreDirectory(
  source: BackupSource,
  directory: string,
  options: RestoreDirectoryOptions,
): Promise<Position> {
  await assertNew(directory);
  const path = resolve(directory);
  const made = `${path}.restoring`;
  // Left by one that was broken off.
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  try {
    const level = classicLevel(join(made, 'store-1'));
    const begun = await restoreStore(source, { level, clock: systemClock, ...options });
    await syncDirectory(made);
    await rename(made, path);
    await syncDirectory(dirname(path));
    return begun;
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
}
