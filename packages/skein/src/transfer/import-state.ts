import { z } from 'zod';
import { StateFile } from './state-file.ts';

/*
 * How far the import of a file has come, in a file beside it, for a run that goes on. It is written behind what a node has
 * acknowledged, so it may be a little late, and then some documents are put twice, which does no harm.
 */

const stateSchema = z.strictObject({
  /** What is imported, and where to: what goes on must be the same in all of these. */
  sha256: z.string(),
  reading: z.string(),
  collection: z.string(),
  log: z.string(),
  /** How many documents have been acknowledged, and where the last of them is. */
  documents: z.int().nonnegative(),
  position: z.string(),
});

export type ImportState = z.infer<typeof stateSchema>;

export const importStates = new StateFile<ImportState>('skein-import', stateSchema);

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
