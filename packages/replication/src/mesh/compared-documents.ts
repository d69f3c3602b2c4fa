import { compareStamps, formatPlace, parsePlace, parsePlacedStamp, TOMBSTONES, type Stamp } from '@skein/protocol';
import type { Difference } from '../digest-diff.ts';
import { TOMBSTONE_MS_MIN } from './tombstones.ts';

/** A document, or the tombstone of one, by its name. */
export interface RepairItem {
  readonly collection: string;
  readonly key: string;
}

/** What a node has of a document: itself or its tombstone. */
export interface Held extends RepairItem {
  readonly stamp: Stamp;
}

/** The newest that each of two nodes has of a document, as far as it has been seen. */
export interface Sides {
  readonly mine: Held | null;
  readonly theirs: Held | null;
}

/** What has been seen of documents, by their names, `COLLECTION/KEY`. */
export type ComparedDocuments = ReadonlyMap<string, Sides>;

/** A document and its tombstone are of one name: a node has one or the other. */
export function documentsOf(differences: readonly Difference[]): ComparedDocuments {
  return joined(
    differences.map((difference) => [
      nameOf(difference),
      { mine: heldOf(difference, difference.mine), theirs: heldOf(difference, difference.theirs) },
    ]),
  );
}

/** The same with what was found of them elsewhere. */
export function withFound(
  documents: ComparedDocuments,
  found: { readonly mine: readonly Held[]; readonly theirs: readonly Held[] },
): ComparedDocuments {
  return joined([
    ...documents,
    ...found.mine.map((mine) => [nameOf(mine), { mine, theirs: null }] as const),
    ...found.theirs.map((theirs) => [nameOf(theirs), { mine: null, theirs }] as const),
  ]);
}

export function joined(parts: Iterable<readonly [string, Sides]>): ComparedDocuments {
  const documents = new Map<string, Sides>();
  for (const [name, { mine, theirs }] of parts) {
    const seen = documents.get(name);
    documents.set(name, { mine: newest(seen?.mine ?? null, mine), theirs: newest(seen?.theirs ?? null, theirs) });
  }
  return documents;
}

/** Where this node may have something that decides, and has not been looked. */
export function toFindHere(documents: ComparedDocuments): readonly RepairItem[] {
  return [...documents.values()].flatMap(({ mine, theirs }) => (mine === null ? otherPlaceOf(theirs!) : []));
}

/** The same of the other one. It is asked for no more than what becomes of an old tombstone depends on. */
export function toFindThere(documents: ComparedDocuments, wallMs: number): readonly RepairItem[] {
  return [...documents.values()].flatMap((sides) =>
    sides.theirs === null && isForgotten(sides, wallMs) ? otherPlaceOf(sides.mine!) : [],
  );
}

/** What one side is to be told of. */
export function openOf(documents: ComparedDocuments, wallMs: number): ComparedDocuments {
  return new Map([...documents].filter(([, sides]) => isOpen(sides, wallMs)));
}

/** Names of documents of which there is an old tombstone here, and nothing there. */
export function droppedThere(documents: ComparedDocuments, wallMs: number): readonly string[] {
  return [...documents]
    .filter(([, sides]) => sides.theirs === null && isForgotten(sides, wallMs))
    .map(([name]) => name);
}

export function isOpen(sides: Sides, wallMs: number): boolean {
  return compareHeld(sides.mine, sides.theirs) !== 0 && !isForgotten(sides, wallMs);
}

/** Nothing is older than anything; of one stamp, as an expiry leaves it, the deletion is newer. */
export function compareHeld(a: Held | null, b: Held | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareStamps(a.stamp, b.stamp) || Number(a.collection === TOMBSTONES) - Number(b.collection === TOMBSTONES);
}

/**
 * An old tombstone of what the other side has nothing of is not told: it has dropped it, or never needed it, and it would come
 * back for ever.
 */
function isForgotten({ mine, theirs }: Sides, wallMs: number): boolean {
  const only = mine === null ? theirs : theirs === null ? mine : null;
  return only?.collection === TOMBSTONES && wallMs - only.stamp.ms > TOMBSTONE_MS_MIN;
}

/** A tombstone has the name of its document as its key. */
function nameOf({ collection, key }: RepairItem): string {
  return collection === TOMBSTONES ? key : formatPlace(collection, key);
}

/** Of a document its tombstone's, and the reverse. */
function otherPlaceOf({ collection, key }: RepairItem): RepairItem {
  return collection === TOMBSTONES ? parsePlace(key) : { collection: TOMBSTONES, key: formatPlace(collection, key) };
}

function heldOf({ collection, key }: RepairItem, version: string | null): Held | null {
  return version === null ? null : { collection, key, stamp: parsePlacedStamp(version) };
}

function newest(a: Held | null, b: Held | null): Held | null {
  return compareHeld(a, b) < 0 ? b : a;
}
