import type { EpochSpan } from '@skein/protocol';

/** A history, and where it ends. */
export interface Branch {
  readonly history: readonly EpochSpan[];
  readonly head: number;
}

/**
 * The last offset that two branches of a log have in common. An epoch is written by one leader alone, so what both have of it
 * is the same; from where either leaves the last epoch they share, nothing is. Zero where they share none.
 */
export function forkOf(one: Branch, other: Branch): number {
  const epoch = one.history.findLast((span) => other.history.some((known) => known.epoch === span.epoch))?.epoch;
  return epoch === undefined ? 0 : Math.min(endOf(epoch, one), endOf(epoch, other));
}

function endOf(epoch: string, { history, head }: Branch): number {
  const next = history[history.findIndex((span) => span.epoch === epoch) + 1];
  return next === undefined ? head : Math.min(head, next.offsetFirst - 1);
}
