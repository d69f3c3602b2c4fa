/** How many changes may be fetched: `perSecond` for as long as it takes, and `burst` at once after a rest. */
export interface RatePolicy {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * A bucket of tokens as the one time that says everything of it: when it will be full. What is missing until then is what
 * was taken, so a bucket need not be topped up, and one that nobody has touched yet needs no clock.
 */
export interface TokenBucket {
  readonly fullAtMs: number;
}

export const FULL: TokenBucket = { fullAtMs: -Infinity };

/** Tokens are taken when a page has come, for nobody knows before how large it will be; the bucket may go into debt. */
export function bucketAfterTaking(bucket: TokenBucket, policy: RatePolicy, tokens: number, nowMs: number): TokenBucket {
  return { fullAtMs: Math.max(bucket.fullAtMs, nowMs) + (tokens * 1000) / policy.perSecond };
}

/** How long until the bucket is out of debt. */
export function bucketDelayMs(bucket: TokenBucket, policy: RatePolicy, nowMs: number): number {
  const outOfDebtAtMs = bucket.fullAtMs - (policy.burst * 1000) / policy.perSecond;
  return Math.max(0, Math.ceil(outOfDebtAtMs - nowMs));
}
