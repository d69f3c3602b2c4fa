import type { Clock } from './clock.ts';

/** Waits for what is likely to be done soon, and for no longer than that. */
export async function soon(done: Promise<void>, clock: Clock, waitMs: number): Promise<void> {
  let cancel = (): void => undefined;
  const timeUp = new Promise<void>((resolve) => (cancel = clock.later(waitMs, resolve)));
  await Promise.race([done, timeUp]).finally(cancel);
}
