import { neededFrom, type Slot } from './slots.ts';

/** How much of its log a node keeps. */
export interface RetentionPolicy {
  /** The newest changes, which always stay. */
  readonly changesMin: number;
  /** Beyond them the log is kept for followers, as long as it is no longer than this … */
  readonly bytesMax: number;
  /** … and for each as long as it has not been silent for longer than this. */
  readonly silenceMsMax: number;
}

/** The log as it is. */
export interface RetainedLog {
  readonly head: number;
  readonly tail: number;
  /** Where it would have to begin to be within the policy's `bytesMax`. */
  readonly startWithinBytes: number;
}

export interface RetentionPlan {
  /** Where the log is to begin; what it is now when nothing is due. */
  readonly tail: number;
  /** Slots for which the log is not kept: each is said to be lost before anything is deleted. */
  readonly lost: ReadonlySet<string>;
}

/**
 * Decides what of the log may go. Silence is measured by the monotonic clock, and nothing by the times in the log: a wall
 * clock that jumps purges nothing.
 */
export function planRetention(
  slots: Iterable<Slot>,
  { head, tail, startWithinBytes }: RetainedLog,
  policy: RetentionPolicy,
  nowMs: number,
): RetentionPlan {
  const newest = Math.max(tail, head - policy.changesMin + 1);
  const lost = new Set<string>();
  let wanted = newest;
  for (const slot of slots) {
    const { id, seenAtMs } = slot;
    const needed = neededFrom(slot);
    const isGone = needed < tail;
    const isBeyondCaps = needed < startWithinBytes || nowMs - seenAtMs > policy.silenceMsMax;
    if (isGone || (needed < newest && isBeyondCaps)) lost.add(id);
    else wanted = Math.min(wanted, needed);
  }
  return { tail: wanted, lost };
}
