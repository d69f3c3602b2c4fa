/** What a follower knows of its leader and itself. Times are monotonic milliseconds; null means not known. */
export interface Progress {
  readonly applied: number;
  readonly connected: boolean;
  readonly leaderHead: number | null;
  /** When the leader last answered. */
  readonly contactAtMs: number | null;
  /** The latest time at which everything the leader had then is applied here now. */
  readonly upToDateAtMs: number | null;
}

export const NO_PROGRESS: Progress = {
  applied: 0,
  connected: false,
  leaderHead: null,
  contactAtMs: null,
  upToDateAtMs: null,
};

/** An answer of the leader arrived, saying where its head is. */
export function progressAfterContact(progress: Progress, leaderHead: number, nowMs: number): Progress {
  const isCaughtUp = leaderHead <= progress.applied;
  return {
    ...progress,
    connected: true,
    leaderHead,
    contactAtMs: nowMs,
    upToDateAtMs: isCaughtUp ? nowMs : progress.upToDateAtMs,
  };
}

/** Changes became durable here. Reaching the head the leader last named means: up to date as of that answer. */
export function progressAfterApply(progress: Progress, applied: number): Progress {
  const isCaughtUp = progress.leaderHead !== null && progress.leaderHead <= applied;
  return { ...progress, applied, upToDateAtMs: isCaughtUp ? progress.contactAtMs : progress.upToDateAtMs };
}

export function progressAfterSilence(progress: Progress): Progress {
  return { ...progress, connected: false };
}

/**
 * The same as seen now: a leader not heard of for too long is not in contact, whatever was the last that was heard. It
 * needs nobody to notice: whoever should may be the one that hangs.
 */
export function progressAt(progress: Progress, nowMs: number, silenceMsMax: number): Progress {
  const isSilent = progress.contactAtMs !== null && nowMs - progress.contactAtMs > silenceMsMax;
  return isSilent && progress.connected ? progressAfterSilence(progress) : progress;
}

/** Unknown without contact, never zero. */
export function lagChanges(progress: Progress): number | null {
  if (!progress.connected || progress.leaderHead === null) return null;
  return Math.max(0, progress.leaderHead - progress.applied);
}

/** Time since this node was last known to be up to date; it grows while there is no contact. */
export function lagSeconds(progress: Progress, nowMs: number): number | null {
  return progress.upToDateAtMs === null ? null : Math.max(0, nowMs - progress.upToDateAtMs) / 1000;
}
