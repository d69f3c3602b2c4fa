import type { MergeChange, Merged, Store } from '@skein/core';
import type { MergeCounts } from '@skein/http';
import { LIMITS } from '@skein/protocol';
import type { DroppedTombstones } from './tombstones/dropped-tombstones.ts';
import type { HeardNodes } from './tombstones/heard-nodes.ts';
import { MergeTurns } from './merge-turns.ts';
import type { OwnId } from './own-id.ts';
import type { Quarantine } from './quarantine.ts';

/** The ways on which changes of other nodes come in. */
export const WAYS = ['feed', 'broker', 'submitted', 'repair'] as const;
export type Way = (typeof WAYS)[number];

/** The door for all that other nodes have made. */
export interface MeshIntake {
  /** Whatever is to be here of them is durable when it resolves. Rejects only when this node's store cannot take it. */
  take(changes: readonly MergeChange[]): Promise<MergeCounts>;
}

/** What became of changes, on one way. */
export type Tally = Readonly<Record<'taken' | 'known' | 'passedOver' | 'conflicts' | 'quarantined', number>>;

const NOTHING: Tally = { taken: 0, known: 0, passedOver: 0, conflicts: 0, quarantined: 0 };
/** What a change has beside its value, at most about so much. */
const OVERHEAD_BYTES = 4096;

export interface IntakeParts {
  readonly store: Store;
  readonly quarantine: Quarantine;
  readonly ownId: OwnId;
  readonly dropped: DroppedTombstones;
  readonly heard: HeardNodes;
}

/** Has the store merge what comes in, some at a time, each way in its turn, and counts what became of it. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #turns = new MergeTurns();
  readonly #tallies = new Map<Way, Tally>(WAYS.map((way) => [way, NOTHING]));

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** One way in; of those who wait for their turn the one with the lowest rank has it next. */
  way(way: Way, rank: number): MeshIntake {
    return { take: (changes) => this.#take(changes, way, rank) };
  }

  tallyOf(way: Way): Tally {
    return this.#tallies.get(way)!;
  }

  async #take(changes: readonly MergeChange[], way: Way, rank: number): Promise<MergeCounts> {
    this.#parts.ownId.look(changes);
    // Before anything of theirs is here: they are known from then on.
    if (way === 'broker') await this.#parts.heard.hear(changes);
    let sum = NOTHING;
    let { head: position } = this.#parts.store.facts;
    for (const slice of slicesOf(changes)) {
      const { position: reached, ...counts } = await this.#turns.take(rank, () => this.#merge(slice, way));
      position = reached;
      sum = plus(sum, counts);
      this.#tallies.set(way, plus(this.tallyOf(way), counts));
    }
    return { ...sum, position };
  }

  async #merge(slice: readonly MergeChange[], way: Way): Promise<MergeCounts> {
    const { store, quarantine, dropped } = this.#parts;
    const admitted = quarantine.admit(slice);
    const wanted = await (way === 'broker' ? dropped.withoutLate(admitted) : dropped.without(admitted));
    const merged: Merged = wanted.length === 0 ? { ...NOTHING, position: store.facts.head } : await store.merge(wanted);
    return {
      position: merged.position,
      taken: merged.taken,
      known: merged.known,
      passedOver: merged.passedOver + admitted.length - wanted.length,
      conflicts: merged.conflicts,
      quarantined: slice.length - admitted.length,
    };
  }
}

/** As many at a time as the store merges in one turn. */
function* slicesOf(changes: readonly MergeChange[]): Generator<readonly MergeChange[]> {
  let slice: MergeChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = OVERHEAD_BYTES + Buffer.byteLength(change.valueText ?? '');
    const isFull = slice.length === LIMITS.transactionOperationsMax || bytes + size > LIMITS.transactionBytesMax;
    if (isFull && slice.length > 0) {
      yield slice;
      [slice, bytes] = [[], 0];
    }
    slice.push(change);
    bytes += size;
  }
  if (slice.length > 0) yield slice;
}

function plus(a: Tally, b: Tally): Tally {
  return {
    taken: a.taken + b.taken,
    known: a.known + b.known,
    passedOver: a.passedOver + b.passedOver,
    conflicts: a.conflicts + b.conflicts,
    quarantined: a.quarantined + b.quarantined,
  };
}
