import { z } from 'zod';
import { StateFile } from './state-file.ts';

/*
 * How far the export into a file has come, in a file beside it, for a run that goes on. What it says is written is synced
 * before; what is in the file behind that is cut off by the run that goes on.
 */

const stateSchema = z.strictObject({
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

export type ExportState = z.infer<typeof stateSchema>;

export const exportStates = new StateFile<ExportState>('skein-export', stateSchema);

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
