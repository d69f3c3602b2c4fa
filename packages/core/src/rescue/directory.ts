import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../level/directory.ts';
import type { RescueFiles } from './rescue-files.ts';

/** The rescue files of a node, beside its databases. */
const RESCUE = 'rescue';

export function rescuePath(directory: string): string {
  return join(directory, RESCUE);
}

export class DirectoryRescueFiles implements RescueFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = rescuePath(directory);
  }

  /** Written apart, synced and renamed. */
  async write(name: string, lines: AsyncIterable<Uint8Array>): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const path = join(this.#directory, name);
    const part = `${path}.part`;
    try {
      const file = await open(part, 'w');
      try {
        for await (const line of lines) await file.writeFile(line);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncDirectory(this.#directory);
    await syncDirectory(join(this.#directory, '..'));
  }
}
