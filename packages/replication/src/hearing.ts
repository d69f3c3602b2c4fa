/**
 * Whether the node that is followed is there, whatever it was asked. To hear of it is contact with a process and says
 * nothing of its head: neither lag nor health is made of this.
 */
export interface Hearing {
  /** When it last answered; null before the first time. */
  readonly heardAtMs: number | null;
  /** Whether the last question that came to an end was answered; null before there was one. */
  readonly wasAnswered: boolean | null;
  /** When that was; before the first, when listening began. */
  readonly newsAtMs: number;
}

export function nothingHeard(nowMs: number): Hearing {
  return { heardAtMs: null, wasAnswered: null, newsAtMs: nowMs };
}

export function hearingAfter(hearing: Hearing, wasAnswered: boolean, nowMs: number): Hearing {
  return { heardAtMs: wasAnswered ? nowMs : hearing.heardAtMs, wasAnswered, newsAtMs: nowMs };
}

/** What is not news any more is not known any more: null. */
export function isReachable(hearing: Hearing, newsMsMax: number, nowMs: number): boolean | null {
  return nowMs - hearing.newsAtMs > newsMsMax ? null : hearing.wasAnswered;
}

/** In how long a question is due for want of any other, if nothing is heard until then. */
export function pingDelayMs({ newsAtMs }: Hearing, intervalMs: number, nowMs: number): number {
  return Math.max(0, newsAtMs + intervalMs - nowMs);
}
