/** What the last comparison with the leader found. Times are monotonic milliseconds. */
export interface DriftReport {
  readonly atMs: number;
  readonly offset: number;
  /** Documents that are not as the leader has them; there may be more when `isPart`. */
  readonly differing: number;
  /** Those that are as they should be by now. */
  readonly repaired: number;
  readonly isPart: boolean;
  /** What the two sides have told each other to find that out. */
  readonly cost: { readonly requests: number; readonly hashes: number; readonly documents: number };
}

const BACKOFF_MS_BASE = 5000;
const BACKOFF_MS_MAX = 300_000;

/** More than this is not repaired at once: so much drift is looked at by somebody first, or goes on in the next cycle. */
export const REPAIRS_MAX = 1000;

/** A moment for others, before there is more to repair. */
const UNFINISHED_MS = 1000;

export interface ComparisonsBefore {
  /** That failed in a row. */
  readonly failures: number;
  /** When the leader has asked to be asked again: it was not a failure then. */
  readonly retryAfterMs: number | undefined;
  readonly isUnfinished: boolean;
}

/** When to compare again: soon after a failure, but later each time; soon when there is more to repair; else in turn. */
export function nextComparisonMs(
  intervalMs: number,
  { failures, retryAfterMs, isUnfinished }: ComparisonsBefore,
): number {
  if (failures > 0) return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_BASE * 2 ** Math.min(failures - 1, 10));
  if (retryAfterMs !== undefined) return Math.max(UNFINISHED_MS, retryAfterMs);
  return isUnfinished ? Math.min(UNFINISHED_MS, intervalMs) : intervalMs;
}
