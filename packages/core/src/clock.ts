import { setTimeout as sleep } from 'node:timers/promises';

/** Wall time as people and programs write it. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** The wall time that an RFC 3339 text names, in milliseconds; undefined for any other text. */
export function parseTime(text: string): number | undefined {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** Time as an argument. `now` is monotonic milliseconds; `wall` is for people and for merging. */
export interface Clock {
  now(): number;
  wall(): number;
  /** Rejects with the signal's reason when it is aborted first. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    if (ms > 0) await sleep(ms, undefined, signal === undefined ? { ref: false } : { ref: false, signal });
  },
};
