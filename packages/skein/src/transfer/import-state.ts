import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { CommandError } from '../cli/command-error.ts';

/*
 * How far the import of a file has come, in a file beside it, for a run that goes on. It is written behind what a node has
 * acknowledged, so it may be a little late, and then some documents are put twice, which does no harm.
 */

const stateSchema = z.strictObject({
  format: z.literal(1),
  /** What is imported, and where to: what goes on must be the same in all of these. */
  sha256: z.string(),
  reading: z.string(),
  collection: z.string(),
  log: z.string(),
  /** How many documents have been acknowledged, and where the last of them is. */
  documents: z.int().nonnegative(),
  position: z.string(),
});

export type ImportState = Omit<z.infer<typeof stateSchema>, 'format'>;

function statePath(file: string): string {
  return `${file}.skein-import`;
}

/** Null where there is none: nothing was begun, or it came to its end. */
export async function loadState(file: string): Promise<ImportState | null> {
  const path = statePath(file);
  try {
    const { format: _format, ...state } = stateSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return state;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CommandError('failed', `${path} cannot be read; without --resume it begins again`, error);
  }
}

export async function saveState(file: string, state: ImportState): Promise<void> {
  const part = `${statePath(file)}.part`;
  await writeFile(part, `${JSON.stringify({ format: 1, ...state })}\n`);
  await rename(part, statePath(file));
}

export async function removeState(file: string): Promise<void> {
  await rm(statePath(file), { force: true });
}

/** Why an import is not gone on with; null where it may be. */
export function whyNotResumed(
  state: ImportState,
  now: Omit<ImportState, 'documents' | 'position'>,
  file: string,
): string | null {
  if (state.sha256 !== now.sha256) return `${file} is not what it was when its import began`;
  if (state.reading !== now.reading) return `${file} was read in another way: ${state.reading}`;
  if (state.collection !== now.collection) return `${file} was imported into ${state.collection}`;
  if (state.log !== now.log) return `${file} was imported into another database, of log ${state.log}`;
  return null;
}
