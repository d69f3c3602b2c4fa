/** How far a node that answers is itself behind the node that takes writes; null where it does not know. */
export interface Lag {
  readonly changes: number | null;
  /** Since everything that was written is known to have been there. */
  readonly ms: number | null;
}

/** A leader's own. */
export const NO_LAG: Lag = { changes: 0, ms: 0 };

/** An answer of the node that is followed. Times are monotonic milliseconds; null means not known. */
interface Contact {
  readonly atMs: number;
  /** Where the log of the node that answered ended. */
  readonly head: number;
  /** Where the log of the node that takes writes ended, which is another one when a follower is followed. */
  readonly leaderHead: number | null;
  /** As of when the log up to `head` was everything that had been written. */
  readonly asOfMs: number | null;
}

/** What a follower knows of its leader and itself. */
export interface Progress {
  readonly applied: number;
  readonly connected: boolean;
  /** The last answer. */
  readonly contact: Contact | null;
  /** The latest time as of which everything written is applied here now, and where the log ended then. */
  readonly upToDate: { readonly head: number; readonly asOfMs: number } | null;
}

export const NO_PROGRESS: Progress = { applied: 0, connected: false, contact: null, upToDate: null };

/** An answer arrived, saying where the log of the node that answers ends and how far it is itself behind. */
export function progressAfterContact(progress: Progress, head: number, lag: Lag, nowMs: number): Progress {
  const leaderHead = lag.changes === null ? null : head + lag.changes;
  const asOfMs = lag.ms === null ? null : nowMs - lag.ms;
  return standingNow({ ...progress, connected: true, contact: { atMs: nowMs, head, leaderHead, asOfMs } });
}

/** It became known, beside the answers that are followed, that there is more; as of when it has what it has is not touched. */
export function progressAfterHearing(progress: Progress, leaderHead: number): Progress {
  const { contact } = progress;
  const known = contact?.leaderHead ?? null;
  return contact === null || known === null || known >= leaderHead
    ? progress
    : { ...progress, contact: { ...contact, leaderHead } };
}

/** Changes became durable here. Reaching the head that was last named means: up to date as of that answer. */
export function progressAfterApply(progress: Progress, applied: number): Progress {
  return standingNow({ ...progress, applied });
}

/** Other content is here. Where that is less than there was, it is not up to date as of then any more. */
export function progressAfterRecovery(progress: Progress, applied: number): Progress {
  return standingNow({ ...progress, applied, connected: false });
}

export function progressAfterSilence(progress: Progress): Progress {
  return { ...progress, connected: false };
}

/**
 * The same as seen now: a leader not heard of for too long is not in contact, whatever was the last that was heard. It
 * needs nobody to notice: whoever should may be the one that hangs.
 */
export function progressAt(progress: Progress, nowMs: number, silenceMsMax: number): Progress {
  const isSilent = progress.contact !== null && nowMs - progress.contact.atMs > silenceMsMax;
  return isSilent && progress.connected ? progressAfterSilence(progress) : progress;
}

/** Unknown without contact, never zero. */
export function lagChanges(progress: Progress): number | null {
  return changesBehind(progress, progress.applied);
}

/** Time since this node was last known to be up to date; it grows while there is no contact. */
export function lagSeconds(progress: Progress, nowMs: number): number | null {
  return progress.upToDate === null ? null : Math.max(0, nowMs - progress.upToDate.asOfMs) / 1000;
}

/**
 * How far what this node serves up to a head is behind. A page may be sent when more has been applied since it was read,
 * and as soon as it is applied, before that has been reported: what is said of it depends on where it ends alone.
 */
export function lagOfServed(progress: Progress, head: number, nowMs: number): Lag {
  const asOf = newestWithin(progress, head);
  const ms = asOf === null ? null : Math.max(0, Math.round(nowMs - asOf.asOfMs));
  return { changes: changesBehind(progress, head), ms };
}

function standingNow(progress: Progress): Progress {
  return { ...progress, upToDate: newestWithin(progress, progress.applied) };
}

/** The newest that is known of, whose log ended at an offset or before it. */
function newestWithin({ contact, upToDate }: Progress, offset: number): Progress['upToDate'] {
  const before = upToDate !== null && upToDate.head <= offset ? upToDate : null;
  if (contact === null || contact.asOfMs === null || contact.head > offset) return before;
  return before !== null && before.asOfMs >= contact.asOfMs ? before : { head: contact.head, asOfMs: contact.asOfMs };
}

function changesBehind({ connected, contact }: Progress, offset: number): number | null {
  const leaderHead = connected ? (contact?.leaderHead ?? null) : null;
  return leaderHead === null ? null : Math.max(0, leaderHead - offset);
}
