export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Full jitter, on the first retry too: anywhere between nothing and a bound that doubles with every failure. A server's
 * Retry-After is a floor, since it knows its own load. `random` is in [0, 1).
 */
export function backoffDelayMs(policy: BackoffPolicy, failures: number, random: number, retryAfterMs = 0): number {
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfterMs, Math.floor(random * bound));
}
