import type { ClientErrorCode, NodeErrorCode, SkeinError } from './error.ts';

/**
 * - `later`: nodes are asked in turn, and again after a pause.
 * - `elsewhere`: the other nodes are asked, once.
 * - `never`: it is the answer.
 */
export type Verdict = 'later' | 'elsewhere' | 'never';

/** What an error is worth to a request. That one address leads to something else says nothing of the others. */
export function verdictOf(error: SkeinError): Verdict {
  return error.code === 'bad_answer' ? 'elsewhere' : error.retry;
}

/** The node itself is in no state to answer, so whoever comes next asks others first. */
export function isDown({ code }: SkeinError): boolean {
  return code === 'unreachable' || code === 'timeout' || code === 'starting' || code === 'stopping';
}

const UNSURE: ReadonlySet<string> = new Set<NodeErrorCode | ClientErrorCode>([
  'bad_answer',
  'internal',
  'leader_unavailable',
  'outcome_unknown',
  'timeout',
  'under_replicated',
  'unreachable',
]);

/** A write that failed so may have been done. */
export function mayBeDone({ code }: SkeinError): boolean {
  return UNSURE.has(code);
}

export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Anywhere between nothing and a bound that doubles: those who failed together do not come back together. */
export function backoffMs({ baseMs, maxMs }: BackoffPolicy, rounds: number, random: number): number {
  return Math.floor(random * Math.min(maxMs, baseMs * 2 ** Math.min(rounds, 30)));
}
