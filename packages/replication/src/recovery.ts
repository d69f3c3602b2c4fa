import type { Position } from '@skein/protocol';

/** Why a follower cannot go on from the log: its leader's refusal, or that its own store is not to be believed. */
export interface Obstacle {
  readonly code: 'compacted' | 'diverged' | 'other_log' | 'ahead' | 'corrupt';
  readonly detail: string;
}

/** How it comes back: with a whole copy of the leader's documents. */
export type Rung = 'copy';

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

/**
 * The cheapest way past an obstacle; null when there is none without an operator. A leader that lost what this follower
 * has, or that is another, is never followed on its own word: following it would be losing it here too.
 */
export function planRecovery(obstacle: Obstacle, { mayReset }: { readonly mayReset: boolean }): Recovery | null {
  const begun = { rung: 'copy', obstacle, isUnderWay: false, failures: 0 } as const;
  switch (obstacle.code) {
    case 'compacted':
    case 'corrupt':
      return { ...begun, isReset: false };
    case 'diverged':
    case 'other_log':
    case 'ahead':
      return mayReset ? { ...begun, isReset: true } : null;
  }
}

export function expectationOf(
  { isReset }: Recovery,
  { log, applied }: { readonly log: string | null; readonly applied: Position },
): Expectation {
  return isReset ? { log: null, floor: null } : { log, floor: applied };
}
