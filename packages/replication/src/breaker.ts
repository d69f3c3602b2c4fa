export interface BreakerPolicy {
  readonly failuresMax: number;
  readonly openMs: number;
}

/** Closed: requests go out. Open: none do until `openUntilMs`. Half open: one probe decides. */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly openUntilMs: number }
  | { readonly kind: 'half-open' };

export const CLOSED: Breaker = { kind: 'closed', failures: 0 };

export function breakerAfterFailure(breaker: Breaker, policy: BreakerPolicy, nowMs: number): Breaker {
  const failures = breaker.kind === 'closed' ? breaker.failures + 1 : policy.failuresMax;
  if (failures < policy.failuresMax) return { kind: 'closed', failures };
  return { kind: 'open', openUntilMs: nowMs + policy.openMs };
}

/** What the breaker is when a request is about to go out at `nowMs`. */
export function breakerBeforeRequest(breaker: Breaker, nowMs: number): Breaker {
  return breaker.kind === 'open' && nowMs >= breaker.openUntilMs ? { kind: 'half-open' } : breaker;
}

/** How long the next request has to be held back. */
export function breakerDelayMs(breaker: Breaker, nowMs: number): number {
  return breaker.kind === 'open' ? Math.max(0, breaker.openUntilMs - nowMs) : 0;
}
