import { NodeDeclines, reasonOf } from '@skein/http';
import type { Position } from '@skein/protocol';
import { isOnlyLate, lateSentence, type Refusal } from '@skein/replication';

/** What came of an attempt to bring a store back to its leader's history. */
export type RecoveryOutcome =
  | { readonly kind: 'recovered'; readonly log: string; readonly position: Position; readonly documentsMoved: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** It does not lead back, for a reason that will last. */
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined };

/** Ends an attempt early, with what came of it. */
export class Ended extends Error {
  readonly outcome: RecoveryOutcome;

  constructor(outcome: RecoveryOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

export function failed(reason: string, retryAfterMs?: number): Extract<RecoveryOutcome, { kind: 'failed' }> {
  return { kind: 'failed', reason, retryAfterMs };
}

/** A leader that has less than this node is refused; a follower that is followed may only be late, and is asked again. */
export function refusedBy(role: unknown, refusal: Refusal): RecoveryOutcome {
  if (!isOnlyLate(refusal.code, role)) return { kind: 'refused', refusal };
  return failed(lateSentence(refusal.detail));
}

/** What an error means for the attempt that it ended. */
export function outcomeOf(error: unknown): RecoveryOutcome {
  if (error instanceof Ended) return error.outcome;
  if (error instanceof NodeDeclines && error.code === 'ahead')
    return refusedBy(error.role, { code: 'ahead', detail: error.message });
  if (error instanceof NodeDeclines) return failed(error.message, error.retryAfterMs);
  return failed(reasonOf(error));
}
