import type { DigestBy, DigestShape, Position } from '@skein/protocol';
import type { Level } from '../level/level.ts';
import type { Snapshot } from '../snapshot.ts';
import { changedPlaces } from './changed-places.ts';
import { DirtyLeaves } from './dirty-leaves.ts';
import { LeafBuilder } from './leaf-builder.ts';
import { readDocuments, type StoredRange } from './read-documents.ts';
import { treeOf, type DigestTree, type Leaf } from './tree.ts';

export interface TreeSource {
  readonly level: Level;
  readonly snapshot: Snapshot;
  readonly by: DigestBy;
  readonly shape: DigestShape;
  /** Told how many documents have been read, again and again. */
  readonly onRead: (documents: number) => void;
  /** Stops it after the group of entries that is being read. */
  readonly signal: AbortSignal | undefined;
}

/** A tree, and where it is true. */
export interface PlacedTree {
  readonly log: string | null;
  readonly position: Position;
  readonly tree: DigestTree;
}

const EVERYTHING: StoredRange = { from: null, to: null };
/** A change costs about half as much to read as a document, and what is dirty has to be read besides. */
const CHANGES_PER_DOCUMENT_MAX = 1;
const DIRTY_SHARE_MAX = 0.5;

/** Reads every document. */
export async function fullTree(source: TreeSource): Promise<DigestTree> {
  return treeOf(await readLeaves(source, EVERYTHING));
}

/**
 * The tree as of a snapshot, from one of an earlier position: the log tells what has changed since, and only the leaves that
 * hold it are read again. So a write costs nothing until somebody asks. Undefined when reading everything is cheaper, or the
 * only way.
 */
export async function treeBroughtAlong(source: TreeSource, before: PlacedTree): Promise<DigestTree | undefined> {
  const { level, snapshot, signal } = source;
  const leaves = before.tree.branches.flatMap((branch) => branch.leaves);
  const changes = snapshot.position.offset - before.position.offset;
  if (before.log !== snapshot.log || leaves.length === 0) return undefined;
  if (changes < 0 || changes > before.tree.documents * CHANGES_PER_DOCUMENT_MAX) return undefined;
  const dirty = new DirtyLeaves(leaves);
  const isTooMuch = (): boolean => dirty.documents > before.tree.documents * DIRTY_SHARE_MAX;
  const isContinued = await changedPlaces(level, snapshot, before.position, {
    onPlace: (place) => dirty.note(place),
    isEnough: isTooMuch,
    signal,
  });
  if (!isContinued || isTooMuch()) return undefined;
  return treeOf(await rereadLeaves(source, leaves, dirty), before.tree);
}

async function rereadLeaves(source: TreeSource, leaves: readonly Leaf[], dirty: DirtyLeaves): Promise<readonly Leaf[]> {
  const read: Leaf[][] = [];
  let clean = 0;
  for (const { first, end } of dirty.runs()) {
    // What now stands before the first document belongs to the first leaf as well.
    const from = first === 0 ? null : leaves[first]!.start;
    const again = await readLeaves(source, { from, to: leaves[end]?.start ?? null });
    read.push(leaves.slice(clean, first), again);
    clean = end;
  }
  return [...read, leaves.slice(clean)].flat();
}

async function readLeaves(source: TreeSource, range: StoredRange): Promise<Leaf[]> {
  const builder = new LeafBuilder(source.shape);
  for await (const documents of readDocuments(source, range)) {
    for (const { place, hash } of documents) builder.add(place, hash);
    source.onRead(documents.length);
  }
  builder.end();
  return builder.leaves;
}
