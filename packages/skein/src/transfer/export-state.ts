import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { CommandError } from '../cli/command-error.ts';

/*
 * How far the export into a file has come, in a file beside it, for a run that goes on. What it says is written is synced
 * before; what is in the file behind that is cut off by the run that goes on.
 */

const stateSchema = z.strictObject({
  format: z.literal(1),
  /** What is exported, and how: what goes on must be the same in all of these. */
  collection: z.string(),
  prefix: z.string().nullable(),
  as: z.string(),
  /** Where the node was when it was read first: who has not that has another collection of this name. */
  position: z.string(),
  /** How many documents are written, into how many bytes, and which is the last of them. */
  documents: z.int().positive(),
  bytes: z.int().positive(),
  key: z.string(),
});

export type ExportState = Omit<z.infer<typeof stateSchema>, 'format'>;

function statePath(file: string): string {
  return `${file}.skein-export`;
}

/** Null where there is none: nothing was begun, or it came to its end. */
export async function loadExport(file: string): Promise<ExportState | null> {
  const path = statePath(file);
  try {
    const { format: _format, ...state } = stateSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return state;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CommandError('failed', `${path} cannot be read; without --resume it begins again`, error);
  }
}

export async function saveExport(file: string, state: ExportState): Promise<void> {
  const part = `${statePath(file)}.part`;
  await writeFile(part, `${JSON.stringify({ format: 1, ...state })}\n`);
  await rename(part, statePath(file));
}

export async function removeExport(file: string): Promise<void> {
  await rm(statePath(file), { force: true });
}

/** Why an export is not gone on with; null where it may be. */
export function whyNotGoneOn(
  state: ExportState,
  now: Pick<ExportState, 'collection' | 'prefix' | 'as'>,
  file: string,
): string | null {
  if (state.collection !== now.collection) return `${file} was to hold ${state.collection}`;
  if (state.prefix !== now.prefix)
    return `${file} was to hold ${state.prefix === null ? 'documents of all keys' : `keys that begin with ${state.prefix}`}`;
  if (state.as !== now.as) return `${file} was to be ${state.as}`;
  return null;
}
