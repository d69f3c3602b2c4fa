/** Wall time as people and programs write it. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d+))?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * The first whole millisecond at or after a time as RFC 3339 writes it, since all times here are whole ones; undefined when
 * the text is no such time.
 */
export function parseTime(text: string): number | undefined {
  const [, day, , fraction = ''] = RFC_3339.exec(text) ?? [];
  // Of the thirtieth of February JavaScript makes the second of March.
  if (day === undefined || isoTime(Date.parse(`${day}T00:00:00Z`) || 0).slice(0, day.length) !== day) return undefined;
  const isBetween = /[1-9]/.test(fraction.slice(3));
  return Date.parse(text.toUpperCase().replace(/(\.\d{3})\d+/, '$1')) + (isBetween ? 1 : 0);
}

/** Takes back what was to happen later. */
export type Cancel = () => void;

/** Time as an argument. `now` is monotonic milliseconds; `wall` is for people and for merging. */
export interface Clock {
  now(): number;
  wall(): number;
  /** Does not keep the process alive. */
  later(ms: number, act: () => void): Cancel;
  /** Rejects with the signal's reason when it is aborted first. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  later: (ms, act) => {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    if (ms > 0) await sleepBy(systemClock, ms, signal);
  },
};

/** What `sleep` is, on a clock that can be told to do something later. */
export async function sleepBy(clock: Pick<Clock, 'later'>, ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      reject(signal!.reason as Error);
    };
    const cancel = clock.later(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
