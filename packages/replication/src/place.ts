import { epochCounter, START, type EpochSpan, type Position, type Since } from '@skein/protocol';

/** What a node knows of its log at one moment. */
export interface LogBounds {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  readonly head: Position;
  /** Oldest offset still kept; head + 1 when the log is empty. */
  readonly tail: number;
}

/** Where a position lies in relation to a log. `fork` is an offset up to which the histories may still agree. */
export type Place =
  | { readonly kind: 'here'; readonly position: Position }
  | { readonly kind: 'compacted' }
  | { readonly kind: 'ahead' }
  | { readonly kind: 'newer-epoch'; readonly fork: number }
  | { readonly kind: 'diverged'; readonly fork: number }
  | { readonly kind: 'other-log' };

/**
 * Places a position on a log. `held` is what the log itself has at that offset, undefined when it has nothing there;
 * looking it up is the caller's part.
 */
export function placeOf(since: Since, bounds: LogBounds, held: Position | undefined): Place {
  if (since.kind === 'now') return { kind: 'here', position: bounds.head };
  const offset = since.kind === 'offset' ? since.offset : since.position.offset;
  if (since.kind === 'position' && offset > 0) {
    const misplaced = misplacedEpoch(since.position, bounds);
    if (misplaced !== undefined) return misplaced;
  }
  if (offset > bounds.head.offset) return { kind: 'ahead' };
  if (offset < bounds.tail - 1) return { kind: 'compacted' };
  if (offset === 0) return { kind: 'here', position: START };
  if (held === undefined) return { kind: 'compacted' };
  if (since.kind === 'position' && held.hash !== since.position.hash) {
    return diverged(since.position, bounds, spanOf(since.position, bounds)!.offsetFirst - 1);
  }
  return { kind: 'here', position: held };
}

function spanOf(position: Position, bounds: LogBounds): EpochSpan | undefined {
  return bounds.history.find((span) => span.epoch === position.epoch);
}

/** Judges a position by its epoch alone: is that epoch ours, and could it have written this offset? */
function misplacedEpoch(position: Position, bounds: LogBounds): Place | undefined {
  const { history } = bounds;
  // A follower that is still empty knows no epochs: every position is ahead of it, and none is foreign.
  if (history.length === 0) return undefined;
  const index = history.findIndex((span) => span.epoch === position.epoch);
  if (index === -1) return unknownEpoch(position, bounds);
  const next = history[index + 1];
  if (next !== undefined && position.offset >= next.offsetFirst)
    return diverged(position, bounds, next.offsetFirst - 1);
  if (position.offset < history[index]!.offsetFirst) return diverged(position, bounds, position.offset - 1);
  return undefined;
}

/**
 * The first epoch of a log is made with it, so a stranger with that counter comes from another log. A stranger above
 * all of ours was written by a leadership this node has not heard of; one in between, by a rival.
 */
function unknownEpoch(position: Position, bounds: LogBounds): Place {
  const { history } = bounds;
  const counter = epochCounter(position.epoch);
  if (counter <= epochCounter(history[0]!.epoch)) return { kind: 'other-log' };
  if (counter > epochCounter(history.at(-1)!.epoch)) {
    return { kind: 'newer-epoch', fork: forkBelow(position, bounds, bounds.head.offset) };
  }
  const rival = history.find((span) => epochCounter(span.epoch) >= counter)!;
  return diverged(position, bounds, rival.offsetFirst - 1);
}

function diverged(position: Position, bounds: LogBounds, fork: number): Place {
  return { kind: 'diverged', fork: forkBelow(position, bounds, fork) };
}

/** The histories differ at the position itself, so whoever goes back to the fork always goes back. */
function forkBelow(position: Position, { head }: LogBounds, fork: number): number {
  return Math.min(fork, position.offset - 1, head.offset);
}
