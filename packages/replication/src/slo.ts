/** What has a time it should not take longer than, and says so when it does. */
export type Slo = 'page_read' | 'leader_call' | 'batch' | 'lag';

export type SloLimits = Readonly<Record<Slo, number>>;

/** In milliseconds. */
export const SLO_DEFAULTS: SloLimits = { page_read: 100, leader_call: 500, batch: 200, lag: 30_000 };

/** One kind is warned of this often at most: what is slow is slow a hundred times a second. */
const WARNED_EVERY_MS = 30_000;

/** When a kind was last warned of, and how many breaches were passed over since. */
export interface SloRecord {
  readonly warnedAtMs: number;
  readonly passedOver: number;
}

export const NEVER_WARNED: SloRecord = { warnedAtMs: -Infinity, passedOver: 0 };

export interface SloBreach {
  readonly record: SloRecord;
  /** Null passes it over in silence. */
  readonly warning: { readonly passedOver: number } | null;
}

/** What follows of a breach for the log. */
export function sloBreach({ warnedAtMs, passedOver }: SloRecord, nowMs: number): SloBreach {
  if (nowMs - warnedAtMs < WARNED_EVERY_MS) {
    return { record: { warnedAtMs, passedOver: passedOver + 1 }, warning: null };
  }
  return { record: { warnedAtMs: nowMs, passedOver: 0 }, warning: { passedOver } };
}

/** How long the leader took to answer: the time a request may have been parked there on purpose is not its slowness. */
export function leaderCallMs(tookMs: number, waitSeconds: number): number {
  return Math.max(0, tookMs - waitSeconds * 1000);
}
