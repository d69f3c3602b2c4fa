import { epochCounter, type EpochSpan, type Position } from '@skein/protocol';
import type { Refusal } from './follower-state.ts';
import type { Expectation } from './recovery.ts';

/** The history a snapshot belongs to, and where on it. */
export interface SnapshotFacts {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  readonly position: Position;
}

/** What a copy that was begun has read. */
export interface CopyBegun {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  readonly newest: Position;
}

export type CopyPlan =
  | { readonly kind: 'go-on' }
  | { readonly kind: 'start-over' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/**
 * Whether a page of a snapshot continues a copy. Pages of several snapshots make one copy as long as the log leads from
 * the first of them to the last: the same log, the same epoch, never back.
 */
export function planCopy(begun: CopyBegun | null, snapshot: SnapshotFacts, expected: Expectation): CopyPlan {
  const refusal = refusalOf(snapshot, expected);
  if (refusal !== undefined) return { kind: 'refuse', refusal };
  if (begun === null) return { kind: 'go-on' };
  const isSameHistory = begun.log === snapshot.log && begun.history.at(-1)?.epoch === snapshot.history.at(-1)?.epoch;
  return { kind: isSameHistory && snapshot.position.offset >= begun.newest.offset ? 'go-on' : 'start-over' };
}

function refusalOf(
  { log, history, position }: SnapshotFacts,
  { log: expected, floor, above }: Expectation,
): Refusal | undefined {
  if (expected !== null && log !== expected)
    return { code: 'other_log', detail: `the leader's snapshot is of log ${log}, this node holds ${expected}` };
  const epoch = history.at(-1)?.epoch;
  if (above !== null && (epoch === undefined || epochCounter(epoch) <= epochCounter(above)))
    return { code: 'diverged', detail: `the leader's snapshot is of epoch ${epoch}, which is not above ${above}` };
  if (floor !== null && position.offset < floor.offset)
    return {
      code: 'ahead',
      detail: `the leader's snapshot is of offset ${position.offset}, this node holds ${floor.offset}`,
    };
  return undefined;
}

/** How far a copy has come, in documents, since it was begun or gone on with. */
export interface CopyPace {
  readonly documents: number;
  readonly total: number | null;
  readonly documentsAtStart: number;
  readonly tookMs: number;
}

/** What is left at the pace so far; null while there is no telling. */
export function copySecondsLeft({ documents, total, documentsAtStart, tookMs }: CopyPace): number | null {
  const done = documents - documentsAtStart;
  if (total === null || done <= 0 || tookMs <= 0) return null;
  return (Math.max(0, total - documents) * tookMs) / done / 1000;
}
