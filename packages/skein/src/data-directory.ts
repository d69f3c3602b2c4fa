import {
  DirectoryGenerations,
  DirectoryRescueFiles,
  isDiskFull,
  openServed,
  type Store,
  type ClassicOptions,
  type Clock,
  type Generations,
  type MeshOptions,
  type RescueFiles,
} from '@skein/core';
import { isSkeinError, type Role } from '@skein/protocol';
import { CommandError } from './cli/command-error.ts';
import type { NodeLogger } from './logger.ts';

export interface DataDirectory extends ClassicOptions {
  readonly directory: string;
  /** Of a new store. */
  readonly role: Role;
  /** One that is there may be of the other role. */
  readonly takesEitherRole: boolean;
  readonly nodeId: string | undefined;
  readonly clock: Clock;
  readonly valueBytesMax?: number | undefined;
  /** Given exactly when the role is `mesh`. */
  readonly mesh?: MeshOptions | undefined;
  readonly logger?: NodeLogger | undefined;
}

export interface OpenedDirectory {
  readonly store: Store;
  readonly generations: Generations;
  readonly rescueFiles: RescueFiles;
}

/** Opens the store in a directory; what can be wrong with a directory is said in a sentence that names it. */
export async function openDataDirectory(options: DataDirectory): Promise<OpenedDirectory> {
  const { directory, role, takesEitherRole, nodeId, clock, valueBytesMax, mesh, logger } = options;
  try {
    const generations = await DirectoryGenerations.open(directory, options);
    const store = await openServed(generations, {
      role,
      takesEitherRole,
      node: nodeId,
      clock,
      valueBytesMax,
      mesh,
      onSetAside: (reason, kept) =>
        logger?.error({ reason, kept }, 'the store is corrupt and was set aside; it is had anew from the leader'),
    });
    return { store, generations, rescueFiles: new DirectoryRescueFiles(directory) };
  } catch (error) {
    throw explain(error, directory);
  }
}

function explain(error: unknown, directory: string): unknown {
  if (isSkeinError(error, 'wrong_data'))
    return new CommandError('configuration', `${directory}: ${error.message}`, error);
  if (isSkeinError(error, 'corrupt')) {
    return new CommandError(
      'failed',
      `${directory} is corrupt (${error.message}): keep a copy of it, and start with an empty directory`,
      error,
    );
  }
  const codes = codesOf(error);
  if (codes.includes('LEVEL_LOCKED'))
    return new CommandError(
      'try-later',
      `${directory} is in use by another process: stop it, or give --data another directory`,
      error,
    );
  if (codes.includes('EACCES') || codes.includes('EROFS'))
    return new CommandError(
      'configuration',
      `${directory} cannot be written to: check its owner and permissions`,
      error,
    );
  if (codes.includes('ENOTDIR') || codes.includes('EEXIST'))
    return new CommandError('configuration', `${directory} is not a directory: give --data another`, error);
  if (isDiskFull(error))
    return new CommandError('try-later', `there is no space left for ${directory}: free some`, error);
  const reason = innermost(error);
  return new CommandError('failed', `${directory} cannot be opened: ${reason}`, error);
}

export function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (code !== undefined) codes.push(code);
  }
  return codes;
}

export function innermost(error: unknown): string {
  let message = String(error);
  for (let each = error; each instanceof Error; each = each.cause) message = each.message;
  return message;
}
