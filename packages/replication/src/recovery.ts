import type { Position } from '@skein/protocol';

/** Why a follower cannot go on from the log: its leader's refusal, or that its own store is not to be believed. */
export interface Obstacle {
  readonly code: 'compacted' | 'diverged' | 'other_log' | 'ahead' | 'corrupt';
  readonly detail: string;
}

/**
 * How it comes back: with those of the leader's documents that differ, found by comparing; or with a copy of them all.
 * Cheapest first.
 */
export type Rung = 'compare' | 'copy';

/** What it will take from a leader: of which log, and nothing older than what it has; null for anything. */
export interface Expectation {
  readonly log: string | null;
  readonly floor: Position | null;
}

export interface Recovery {
  readonly rung: Rung;
  readonly obstacle: Obstacle;
  /** It gives up what it had for another history, as an operator has allowed. */
  readonly isReset: boolean;
  readonly isUnderWay: boolean;
  readonly failures: number;
}

export interface Standing {
  readonly applied: Position;
  readonly mayReset: boolean;
}

/**
 * The cheapest way past an obstacle; null when there is none without an operator. A leader that lost what this follower
 * has, or that is another, is never followed on its own word: following it would be losing it here too.
 */
export function planRecovery(obstacle: Obstacle, { applied, mayReset }: Standing): Recovery | null {
  const isReset = obstacle.code !== 'compacted' && obstacle.code !== 'corrupt';
  if (isReset && !mayReset) return null;
  return { rung: firstRung(obstacle, applied), obstacle, isReset, isUnderWay: false, failures: 0 };
}

/** What is here is worth comparing when it is of the leader's log and can be believed. */
function firstRung({ code }: Obstacle, applied: Position): Rung {
  return applied.offset === 0 || code === 'corrupt' || code === 'other_log' ? 'copy' : 'compare';
}

export function expectationOf(
  { isReset }: Recovery,
  { log, applied }: { readonly log: string | null; readonly applied: Position },
): Expectation {
  return isReset ? { log: null, floor: null } : { log, floor: applied };
}
