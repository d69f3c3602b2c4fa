import { mergeChangeOfStored, type MergeChange } from '@skein/core';
import { isSkeinError } from '@skein/protocol';

/** What of a peer's documents this node can merge, and why not the rest. */
export interface ReadableChanges {
  readonly changes: readonly MergeChange[];
  /** Of the first that it cannot make anything of, as a sentence; null when there was none. */
  readonly unreadable: string | null;
}

/** Reads each for itself: one that is of a later version, or of another make, holds up nothing else. */
export function readableChanges(stored: Iterable<Uint8Array>): ReadableChanges {
  const changes: MergeChange[] = [];
  let unreadable: string | null = null;
  for (const bytes of stored) {
    try {
      const change = mergeChangeOfStored(bytes);
      if (change !== null) changes.push(change);
    } catch (error) {
      if (!isSkeinError(error, 'bad_record')) throw error;
      unreadable ??= error.message;
    }
  }
  return { changes, unreadable };
}
