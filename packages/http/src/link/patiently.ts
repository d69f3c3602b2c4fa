import type { Clock } from '@skein/core';
import { NodeDeclines } from './node-api.ts';

/** A node holds a position for no longer. */
const HELD_MS_MAX = 3_600_000;
const ASK_AGAIN_MS_MIN = 1000;

/**
 * Asks again whenever the node says to come again: it may take minutes to make its digests. Another position would be no
 * better, since they would have to be made of that one; and for as long as it is asked for this one, it holds it.
 */
export async function patiently<T>(clock: Clock, ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadlineMs = clock.now() + HELD_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const retryAfterMs = error instanceof NodeDeclines ? error.retryAfterMs : undefined;
      if (retryAfterMs === undefined || clock.now() >= deadlineMs) throw error;
      await clock.sleep(Math.max(ASK_AGAIN_MS_MIN, retryAfterMs), signal);
    }
  }
}
