import { readdir } from 'node:fs/promises';
import { CommandError } from '../cli/command-error.ts';

/** What there is in a directory; nothing where there is none. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new CommandError('usage', `${directory} is not a directory`, error);
    throw error;
  }
}
