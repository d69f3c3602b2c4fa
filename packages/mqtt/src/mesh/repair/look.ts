import { mergeChangeOf, type MergeChange, type Snapshot } from '@skein/core';
import { fetchNamed, type Comparison, type NodeLink } from '@skein/http';
import { comparePlaces, formatPlace, LIMITS, TOMBSTONES, type Place, type Position } from '@skein/protocol';
import {
  documentsOf,
  droppedThere,
  joined,
  openOf,
  toFindHere,
  toFindThere,
  withFound,
  type ComparedDocuments,
  type Difference,
  type Held,
  type RepairItem,
  type Sides,
} from '@skein/replication';
import { readableChanges } from '../readable-changes.ts';

/** Two nodes, each as of a moment, and how what they have is found. */
export interface Sight {
  readonly comparison: Comparison;
  readonly mine: Snapshot;
  readonly theirs: Position;
  readonly link: NodeLink;
  readonly answerMs: number;
  readonly signal: AbortSignal;
  readonly wallMs: number;
}

/** What differed at the first look, in a part of all places. */
export interface Look {
  readonly start: Place | null;
  /** Where the next comparison goes on; null for the beginning, since there is nothing more behind. */
  readonly goesOn: Place | null;
  readonly open: ComparedDocuments;
  /** Documents of which this node alone has an old tombstone. */
  readonly droppedThere: readonly string[];
}

/** What a node takes at once. */
const NAMES_AT_ONCE = 500;
/** Differences that nothing is to be done about; a node that will not come back leaves many of them. */
const PASSED_OVER_MAX = 100_000;

/** Finds so many documents from a place on of which one side is to be told. What nobody is to be told of is not counted. */
export async function firstLook(sight: Sight, start: Place | null, itemsMax: number): Promise<Look> {
  const parts: (readonly [string, Sides])[] = [];
  const dropped: string[] = [];
  const lookAs = (goesOn: Place | null): Look => ({ start, goesOn, open: joined(parts), droppedThere: dropped });
  const differences = sight.comparison.differences(start);
  for await (const batch of batchesOf(differences, Math.min(NAMES_AT_ONCE, itemsMax))) {
    if (parts.length >= itemsMax || dropped.length >= PASSED_OVER_MAX) return lookAs(placeOf(batch[0]!));
    const documents = await wholly(documentsOf(batch), sight);
    parts.push(...openOf(documents, sight.wallMs));
    dropped.push(...droppedThere(documents, sight.wallMs));
  }
  return lookAs(null);
}

/** What has become of those since: those that differ no more are not there. */
export async function secondLook(sight: Sight, first: Look): Promise<ComparedDocuments> {
  const parts: (readonly [string, Sides])[] = [];
  for await (const batch of batchesOf(differencesBefore(sight, first), NAMES_AT_ONCE)) {
    const again = [...documentsOf(batch)].filter(([name]) => first.open.has(name));
    parts.push(...(await wholly(new Map(again), sight)));
  }
  return joined(parts);
}

/** The documents of these names that the other one has, some at a time. */
export async function* fetchChanges(
  { theirs: at, link, answerMs, signal }: Pick<Sight, 'theirs' | 'link' | 'answerMs' | 'signal'>,
  items: readonly RepairItem[],
): AsyncGenerator<readonly MergeChange[]> {
  const sorted = inPlace(items);
  for (let i = 0; i < sorted.length; i += NAMES_AT_ONCE) {
    const names = sorted.slice(i, i + NAMES_AT_ONCE);
    for await (const documents of fetchNamed({ link, at, names, answerMs, signal }))
      yield readableChanges(documents.map(({ stored }) => stored)).changes;
  }
}

export function inPlace(items: readonly RepairItem[]): readonly RepairItem[] {
  return items.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));
}

async function* differencesBefore({ comparison }: Sight, { start, goesOn }: Look): AsyncGenerator<Difference> {
  for await (const difference of comparison.differences(start)) {
    if (goesOn !== null && comparePlaces(placeOf(difference), goesOn) >= 0) return;
    yield difference;
  }
}

async function* batchesOf<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A document and its tombstone are far from each other: what of the two was not among the differences is looked up. */
async function wholly(documents: ComparedDocuments, sight: Sight): Promise<ComparedDocuments> {
  const mine = await heldHere(sight, toFindHere(documents));
  const theirs: Held[] = [];
  for await (const changes of fetchChanges(sight, toFindThere(documents, sight.wallMs)))
    theirs.push(...changes.map(heldOf));
  return withFound(documents, { mine, theirs });
}

async function heldHere({ mine }: Sight, items: readonly RepairItem[]): Promise<readonly Held[]> {
  const held: Held[] = [];
  for (let left = items; left.length > 0;) {
    const { lines, looked } = await mine.named(left, LIMITS.pageBytesMax);
    held.push(...lines.flatMap((line) => mergeChangeOf(line) ?? []).map(heldOf));
    left = left.slice(looked);
  }
  return held;
}

function heldOf({ collection, key, stamp, valueText }: MergeChange): Held {
  return valueText === null
    ? { collection: TOMBSTONES, key: formatPlace(collection, key), stamp }
    : { collection, key, stamp };
}

function placeOf({ collection, key }: RepairItem): Place {
  return formatPlace(collection, key);
}
