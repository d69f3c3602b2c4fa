import { formatPosition, type EpochSpan, type LossAccepted, type Position } from '@skein/protocol';
import { forkOf } from './fork.ts';
import { lastEpoch, type Heard } from './heard.ts';
import { counterToAsk } from './promotion.ts';

export interface Restoring {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  /** Where the backup ends. */
  readonly position: Position;
  /** What the other nodes of the log say of themselves. */
  readonly heard: readonly Pick<Heard, 'url' | 'log' | 'history' | 'promised' | 'position'>[];
  /** Those of them that say nothing. */
  readonly silent: readonly string[];
}

export type RestorePlan =
  /**
   * It begins an epoch of this counter. What was written behind the fork is given up: that is where the backup ends, unless
   * a newer epoch had left its history before that.
   */
  | { readonly kind: 'begin'; readonly counter: number; readonly fork: number; readonly mayBeLost: LossAccepted }
  /** They may have a higher epoch than all that is known: then there would be rivals. */
  | { readonly kind: 'silent'; readonly urls: readonly string[] }
  | { readonly kind: 'other-log'; readonly urls: readonly string[] };

const NOTHING_PROMISED = { spent: 0, outstanding: [] } as const;

/**
 * The epoch with which a backup goes on: above every one that its peers have seen or promised, so that whoever has more than
 * the backup learns that its history has ended, and nobody takes the one for the other.
 */
export function planRestore({ log, history, position, heard, silent }: Restoring): RestorePlan {
  if (silent.length > 0) return { kind: 'silent', urls: silent };
  const foreign = heard.filter((peer) => peer.log !== null && peer.log !== log);
  if (foreign.length > 0) return { kind: 'other-log', urls: foreign.map(({ url }) => url) };
  const own = { history, head: position.offset };
  const forks = heard
    .filter((peer) => !history.some(({ epoch }) => epoch === lastEpoch(peer)))
    .map((peer) => forkOf(own, { history: peer.history, head: peer.position.offset }));
  const fork = Math.min(position.offset, ...forks);
  const newest = Math.max(0, ...heard.map((peer) => peer.position.offset));
  return {
    kind: 'begin',
    counter: counterToAsk({ history, promised: NOTHING_PROMISED }, heard),
    fork,
    mayBeLost: {
      after: formatPosition(position),
      upTo: newest > fork ? newest : null,
      members: heard.map(({ url }) => url),
    },
  };
}
