import { isSameSpec, type IndexSpec } from './index-spec.ts';
import type { Index, IndexBook } from './index-book.ts';

/** An index that is to be, and is not begun. */
export interface WantedIndex {
  readonly collection: string;
  readonly spec: IndexSpec;
}

export interface IndexPlan {
  readonly dropped: readonly Index[];
  readonly begun: readonly WantedIndex[];
}

/**
 * What is to change for the indexes of this node to be those that the definitions name. One that is kept is never changed:
 * where it is to be another one, or is not to be believed, it goes, and one with a number of its own takes its place.
 */
export function planIndexes(
  wanted: readonly WantedIndex[],
  book: IndexBook,
  isDistrusted: (index: Index) => boolean,
): IndexPlan {
  const isWanted = ({ collection, spec }: WantedIndex): boolean =>
    wanted.some((one) => one.collection === collection && isSameSpec(one.spec, spec));
  const dropped = [...book.all()].filter((index) => isDistrusted(index) || !isWanted(index));
  const kept = new Set([...book.all()].filter((index) => !dropped.includes(index)));
  const begun = wanted.filter(
    ({ collection, spec }) =>
      ![...kept].some((index) => index.collection === collection && isSameSpec(index.spec, spec)),
  );
  return { dropped, begun };
}
