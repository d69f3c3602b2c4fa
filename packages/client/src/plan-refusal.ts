import type { SkeinError } from './error.ts';
import { epochCounter, START, type Position } from './position.ts';

/** What the feed refuses a position with: history that is not, or no longer, here. */
const LOST: ReadonlySet<string> = new Set(['compacted', 'ahead', 'diverged', 'other_log']);

export function isLost({ code }: SkeinError): boolean {
  return LOST.has(code);
}

/**
 * - `ask-again`: the node that refuses is behind, and will come to have it; or there is another.
 * - `copy`: what is there now is given anew, and the changes from then on.
 * - `stop`: nobody goes on from here who has not been told to.
 */
export type RefusalPlan = 'ask-again' | 'copy' | 'stop';

export interface Refused {
  readonly since: Position;
  readonly acceptReset: boolean;
}

/**
 * What a reader does whose position is refused; the rules are those of a follower. What is only trimmed is read anew. A higher
 * epoch goes on without what the reader has read behind the fork, and was begun by an operator: what is there now holds. A leader
 * that merely ends before the reader, or is of another log, has lost something, and following it would be losing it here too.
 */
export function planRefusal({ code, role, problem }: SkeinError, { since, acceptReset }: Refused): RefusalPlan {
  if (code === 'compacted') return 'copy';
  if (code === 'ahead' && role === 'follower') return 'ask-again';
  if (code === 'diverged' && since !== START) {
    const theirs = epochCounter(String(problem['epoch']));
    const ours = epochCounter(since);
    if (theirs < ours) return 'ask-again';
    if (theirs > ours) return 'copy';
  }
  return acceptReset ? 'copy' : 'stop';
}
