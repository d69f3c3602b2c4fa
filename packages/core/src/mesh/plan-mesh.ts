import {
  checkMeshKey,
  CONFLICTS,
  formatOver,
  formatPlace,
  formatStamp,
  TOMBSTONES,
  type JsonText,
  type Over,
  type Stamp,
} from '@skein/protocol';
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

/** A line of a mesh, before it has its place in the log. */
export interface MeshLine {
  readonly collection: string;
  readonly key: string;
  readonly valueText: JsonText | undefined;
  readonly stamp: Stamp | null;
  readonly over: Over | null;
  readonly ts: number;
}

/** What merging one change comes to: nothing, its line, and what goes with it. */
export interface MergePlan {
  readonly kind: 'take' | 'known' | 'older';
  readonly line: MeshLine | null;
  readonly companions: readonly MeshLine[];
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

  mark(): StampsMark {
    return this.#context.stamps.mark();
  }

  reset(mark: StampsMark): void {
    this.#context.stamps.reset(mark);
  }

  /** A change by this node's own clients, or one that has expired. */
  own(
    change: { readonly collection: string; readonly key: string; readonly valueText: JsonText | undefined },
    isExpiry: boolean,
    find: FindCurrent,
  ): { readonly line: MeshLine; readonly companions: readonly MeshLine[] } {
    const { collection, key, valueText } = change;
    const { stamps, assertFits } = this.#context;
    // A tombstone that nobody needs any more: no news for others.
    if (collection === TOMBSTONES)
      return { line: { ...change, stamp: null, over: null, ts: stamps.nowMs }, companions: [] };
    checkMeshKey(collection, key);
    if (!collection.startsWith('$')) assertFits({ collection, key, valueText: valueText ?? null });
    const held = heldAt(change, find);
    const made = isExpiry ? held! : { stamp: stamps.next(collection), over: held?.stamp ?? null };
    const line = { ...change, stamp: made.stamp, over: made.over, ts: stamps.nowMs };
    return { line, companions: this.#tombstoneOf(line, find) };
  }

  merge(change: MergeChange, find: FindCurrent): MergePlan {
    const held = heldAt(change, find);
    const { kind, lost } = planMerge(change, held);
    const loss = lost === null ? null : { ...lost, place: formatPlace(change.collection, change.key) };
    const kept = loss === null ? [] : this.#lossOf(loss, find);
    if (kind !== 'take') return { kind, line: null, companions: kept, lost: loss };
    const { stamps } = this.#context;
    stamps.saw(change.stamp);
    const line = { ...change, valueText: change.valueText ?? undefined, ts: stamps.nowMs };
    const companions = [...this.#tombstoneOf(line, find), ...kept];
    // Of a document that is not here there is nothing to delete but what may come.
    const isThere = line.valueText !== undefined || find(change.collection, change.key) !== undefined;
    return { kind, line: isThere ? line : null, companions, lost: loss };
  }

  /** How a line names who made it. */
  madeOf({ stamp, over, ts }: MeshLine): LineMade {
    if (stamp === null) return { ts, origin: this.#context.node };
    const made = { ts, origin: stamp.node, stamp: formatStamp(stamp) };
    return over === null ? made : { ...made, over: formatOver(over) };
  }

  #tombstoneOf(line: MeshLine, find: FindCurrent): readonly MeshLine[] {
    const tombstone = { ...line, collection: TOMBSTONES, key: formatPlace(line.collection, line.key) };
    if (line.valueText === undefined) return [{ ...tombstone, valueText: 'null' }];
    return find(TOMBSTONES, tombstone.key) === undefined ? [] : [{ ...tombstone, valueText: undefined }];
  }

  #lossOf(lost: LostOf, find: FindCurrent): readonly MeshLine[] {
    if (!this.#context.keepsConflicts) return [];
    const valueText = withLoss(find(CONFLICTS, lost.place)?.valueText(), lost);
    if (valueText === undefined) return [];
    return [
      { collection: CONFLICTS, key: lost.place, valueText, stamp: null, over: null, ts: this.#context.stamps.nowMs },
    ];
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
