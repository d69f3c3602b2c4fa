import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** When to give up. */
  readonly timeoutMs?: number | undefined;
  readonly everyMs?: number | undefined;
}

/**
 * Looks until there is something to see, and answers it. Tests wait for what they need and never for a while: a slow machine
 * makes them slower, not red. A look that throws has seen nothing yet; the last error is told when time is up.
 */
export async function until<Seen>(
  what: string,
  look: () => Seen | Promise<Seen>,
  { timeoutMs = 15_000, everyMs = 20 }: Patience = {},
): Promise<Exclude<Seen, false | null | undefined | 0 | ''>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (seen) return seen as Exclude<Seen, false | null | undefined | 0 | ''>;
      last = seen;
    } catch (error) {
      if (error instanceof HopelessError) throw error;
      last = error;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last });
    await sleep(everyMs);
  }
}

/** Thrown by a look that will never see anything. */
export class HopelessError extends Error {}
