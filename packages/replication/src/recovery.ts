import { epochCounter, type Epoch, type Position } from '@skein/protocol';

/** Why a follower cannot go on from the log: its leader's refusal, or that its own store is not to be believed. */
export interface Obstacle {
  readonly code: 'compacted' | 'diverged' | 'other_log' | 'ahead' | 'corrupt';
  readonly detail: string;
  /** The epoch of the leader that refuses, where it has said so. */
  readonly epoch?: Epoch | undefined;
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
  /** What is here may be given up for a higher epoch than this one alone; null where no other is expected. */
  readonly above: Epoch | null;
}

/** Whether what is here may be given up for it. */
export function givesUp({ floor }: Expectation): boolean {
  return floor === null;
}

export interface Recovery {
  readonly rung: Rung;
  readonly obstacle: Obstacle;
  /** It gives up what it had for another history, as an operator has allowed. */
  readonly isReset: boolean;
  /** It goes back to where a higher epoch of its log has left what it has; what it had behind that is saved. */
  readonly isRewind: boolean;
  readonly isUnderWay: boolean;
  readonly failures: number;
}

export interface Standing {
  readonly applied: Position;
  readonly mayReset: boolean;
}

/**
 * The cheapest way past an obstacle; null when there is none without an operator. A leader that lost what this follower
 * has, or that is another, is never followed on its own word: following it would be losing it here too. A higher epoch is
 * more than its word: it was promoted or restored by an operator, and what this follower has behind the fork was not promised.
 */
export function planRecovery(obstacle: Obstacle, { applied, mayReset }: Standing): Recovery | null {
  const isApart = obstacle.code !== 'compacted' && obstacle.code !== 'corrupt';
  const isRewind = obstacle.code === 'diverged' && isAbove(obstacle.epoch, applied);
  const isReset = isApart && !isRewind;
  if (isReset && !mayReset) return null;
  return { rung: firstRung(obstacle, applied), obstacle, isReset, isRewind, isUnderWay: false, failures: 0 };
}

/** Whether an epoch is a higher one than wrote the last change of what is here. */
export function isAbove(epoch: Epoch | undefined, { offset, epoch: own }: Position): boolean {
  return epoch !== undefined && offset > 0 && epochCounter(epoch) > epochCounter(own);
}

/** What is here is worth comparing when it is of the leader's log and can be believed. */
function firstRung({ code }: Obstacle, applied: Position): Rung {
  return applied.offset === 0 || code === 'corrupt' || code === 'other_log' ? 'copy' : 'compare';
}

export function expectationOf(
  { isReset, isRewind }: Recovery,
  { log, applied }: { readonly log: string | null; readonly applied: Position },
): Expectation {
  if (isReset) return { log: null, floor: null, above: null };
  return isRewind ? { log, floor: null, above: applied.epoch } : { log, floor: applied, above: null };
}
