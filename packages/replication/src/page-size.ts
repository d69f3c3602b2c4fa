/** The page sizes a follower asks for, in changes. */
export const PAGE_SIZES = [50, 100, 250, 500, 1000, 2500, 5000] as const;

export interface PageMeasure {
  readonly changes: number;
  readonly applyMs: number;
}

const APPLY_MS_TARGET = 200;

/**
 * The next page's size: one step up when a full page was applied in less than half the target time, half when it took
 * longer than the target, else as it is.
 */
export function nextPageSize(size: number, sizeMax: number, last: PageMeasure): number {
  if (last.applyMs > APPLY_MS_TARGET) {
    return Math.min(sizeMax, PAGE_SIZES.findLast((step) => step <= size / 2) ?? PAGE_SIZES[0]);
  }
  if (last.changes < size || last.applyMs * 2 > APPLY_MS_TARGET) return size;
  return Math.min(sizeMax, PAGE_SIZES.find((step) => step > size) ?? size);
}
