import type { Clock } from './clock.ts';

/** Waits for what is likely to be done soon, and for no longer than that. */
export async function soon(done: Promise<void>, clock: Clock, waitMs: number): Promise<void> {
  const over = new AbortController();
  const timeUp = clock.sleep(waitMs, over.signal).catch(() => undefined);
  await Promise.race([done, timeUp]);
  over.abort();
}
