import {
  checkMeshKey,
  CONFLICTS,
  formatOver,
  formatPlace,
  formatStamp,
  TOMBSTONES,
  type JsonText,
  type Over,
} from '@skein/protocol';
import type { Made } from '../document.ts';
import type { Current } from '../write/plan-operation.ts';
import type { MergeChange } from './merge-change.ts';
import { withLoss, type LostOf } from './lost-changes.ts';
import { planMerge, type Held } from './plan-merge.ts';
import type { Stamps, StampsMark } from './stamps.ts';

/** What a line says of who made its change, and when. */
export interface LineMade {
  readonly ts: number;
  readonly origin: string;
  readonly stamp?: string;
  readonly over?: string;
}

/** A line that has no place in the log yet. */
export interface UnplacedLine {
  readonly collection: string;
  readonly key: string;
  readonly valueText: JsonText | undefined;
  readonly made: LineMade;
  /** In a mesh: the same, as others compare it. */
  readonly stamped: Made | undefined;
}

/** What merging one change comes to: nothing, its line, and what goes with it. */
export interface MergePlan {
  readonly kind: 'take' | 'known' | 'older';
  readonly line: UnplacedLine | null;
  readonly companions: readonly UnplacedLine[];
  readonly lost: LostOf | null;
}

export interface MeshContext {
  readonly node: string;
  readonly keepsConflicts: boolean;
  /** Throws where a change could not be told to the others. */
  readonly assertFits: (change: {
    readonly collection: string;
    readonly key: string;
    readonly valueText: JsonText | null;
  }) => void;
  readonly stamps: Stamps;
}

/** What becomes of a document; undefined when it is deleted. */
export interface DocumentWrite {
  readonly collection: string;
  readonly key: string;
  readonly valueText: JsonText | undefined;
}

export type FindCurrent = (collection: string, key: string) => Current | undefined;

/**
 * What makes the changes of a group those of a mesh: each has a stamp, what is deleted leaves a tombstone and what is written
 * takes it away, and what others have made is merged.
 */
export class MeshPlanner {
  readonly #context: MeshContext;

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** How far numbers and times have been given to changes. */
  get given(): Pick<Stamps, 'seqNext' | 'ownMs'> {
    return this.#context.stamps;
  }

  mark(): StampsMark {
    return this.#context.stamps.mark();
  }

  reset(mark: StampsMark): void {
    this.#context.stamps.reset(mark);
  }

  /** A change by this node's own clients, or one that has expired. */
  own(
    change: DocumentWrite,
    isExpiry: boolean,
    find: FindCurrent,
  ): { readonly line: UnplacedLine; readonly companions: readonly UnplacedLine[] } {
    const { collection, key, valueText } = change;
    const { stamps, assertFits } = this.#context;
    // A tombstone that nobody needs any more: no news for others.
    if (collection === TOMBSTONES) return { line: this.#unstamped(change), companions: [] };
    checkMeshKey(collection, key);
    if (!collection.startsWith('$')) assertFits({ collection, key, valueText: valueText ?? null });
    const held = heldAt(change, find);
    const made = isExpiry ? held! : { stamp: stamps.next(collection), over: this.#over(held) };
    const line = this.#stamped(change, made);
    return { line, companions: this.#tombstoneOf(line, made, find) };
  }

  /** The newest change of another node that whoever writes now has seen: behind it there may be several of this node's own. */
  #over(held: Held | null): Over | null {
    if (held === null) return null;
    return held.stamp.node === this.#context.node ? held.over : held.stamp;
  }

  merge(change: MergeChange, find: FindCurrent): MergePlan {
    const held = heldAt(change, find);
    const { kind, lost } = planMerge(change, held);
    const loss = lost === null ? null : { ...lost, place: formatPlace(change.collection, change.key) };
    // Whatever is written now is of a time that is not before what is taken.
    if (kind === 'take') this.#context.stamps.saw(change.stamp);
    const kept = loss === null ? [] : this.#lossOf(loss, find);
    if (kind !== 'take') return { kind, line: null, companions: kept, lost: loss };
    const line = this.#stamped({ ...change, valueText: change.valueText ?? undefined }, change);
    const companions = [...this.#tombstoneOf(line, change, find), ...kept];
    // Of a document that is not here there is nothing to delete but what may come.
    const isThere = line.valueText !== undefined || find(change.collection, change.key) !== undefined;
    return { kind, line: isThere ? line : null, companions, lost: loss };
  }

  #tombstoneOf(line: DocumentWrite, made: Made, find: FindCurrent): readonly UnplacedLine[] {
    const tombstone = { collection: TOMBSTONES, key: formatPlace(line.collection, line.key) };
    if (line.valueText === undefined) return [this.#stamped({ ...tombstone, valueText: 'null' }, made)];
    if (find(TOMBSTONES, tombstone.key) === undefined) return [];
    return [this.#stamped({ ...tombstone, valueText: undefined }, made)];
  }

  #lossOf(lost: LostOf, find: FindCurrent): readonly UnplacedLine[] {
    if (!this.#context.keepsConflicts) return [];
    const valueText = withLoss(find(CONFLICTS, lost.place)?.valueText(), lost);
    if (valueText === undefined) return [];
    return [this.#unstamped({ collection: CONFLICTS, key: lost.place, valueText })];
  }

  #stamped({ collection, key, valueText }: DocumentWrite, { stamp, over }: Made): UnplacedLine {
    const made = { ts: this.#context.stamps.nowMs, origin: stamp.node, stamp: formatStamp(stamp) };
    const stamped = { stamp, over };
    return { collection, key, valueText, stamped, made: over === null ? made : { ...made, over: formatOver(over) } };
  }

  #unstamped({ collection, key, valueText }: DocumentWrite): UnplacedLine {
    const made = { ts: this.#context.stamps.nowMs, origin: this.#context.node };
    return { collection, key, valueText, made, stamped: undefined };
  }
}

/** For each key there is a document, or its tombstone, or nothing. */
function heldAt(
  { collection, key }: { readonly collection: string; readonly key: string },
  find: FindCurrent,
): Held | null {
  const document = find(collection, key);
  const current = document ?? find(TOMBSTONES, formatPlace(collection, key));
  const made = current?.made();
  if (made === undefined) return null;
  return { ...made, valueText: document === undefined ? null : document.valueText() };
}
