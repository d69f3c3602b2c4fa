import {
  comparePlaces,
  formatPlace,
  parseVersion,
  type DigestEntry,
  type DigestRange,
  type PlaceRange,
  type Version,
} from '@skein/protocol';

/**
 * Where two nodes differ, as far as two lists of hashes over the same range tell. Between places where both lists begin
 * something, each side has the same documents or not, and the hashes say which. A boundary that only one side has is
 * passed over: what it parts is compared as one. More than `rangesMax` ranges are joined with their neighbours, so that a
 * range may hold some documents that are equal, but none is left out.
 */
export function differingRanges(
  mine: readonly DigestRange[],
  theirs: readonly DigestRange[],
  range: PlaceRange,
  rangesMax: number,
): readonly PlaceRange[] {
  const differing: PlaceRange[] = [];
  const cuts = commonCuts(mine, theirs);
  for (const [i, cut] of cuts.entries()) {
    const end = cuts[i + 1] ?? { mine: mine.length, theirs: theirs.length };
    if (isSame(mine.slice(cut.mine, end.mine), theirs.slice(cut.theirs, end.theirs))) continue;
    const from = i === 0 ? range.from : mine[cut.mine]!.from;
    differing.push({ from, to: mine[end.mine]?.from ?? range.to });
  }
  return joined(differing, rangesMax);
}

interface Cut {
  readonly mine: number;
  readonly theirs: number;
}

/** The beginning, and wherever both begin something. */
function commonCuts(mine: readonly DigestRange[], theirs: readonly DigestRange[]): readonly Cut[] {
  const cuts: Cut[] = [{ mine: 0, theirs: 0 }];
  let [i, j] = [0, 0];
  while (i < mine.length && j < theirs.length) {
    const order = comparePlaces(mine[i]!.from, theirs[j]!.from);
    if (order === 0 && i + j > 0) cuts.push({ mine: i, theirs: j });
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return cuts;
}

/** Parts that are cut differently are different: a document begins something only where it is. */
function isSame(mine: readonly DigestRange[], theirs: readonly DigestRange[]): boolean {
  return mine.length === theirs.length && mine.every(({ hash }, i) => hash === theirs[i]!.hash);
}

function joined(ranges: readonly PlaceRange[], rangesMax: number): readonly PlaceRange[] {
  if (ranges.length <= rangesMax) return ranges;
  const size = Math.ceil(ranges.length / rangesMax);
  return Array.from({ length: Math.ceil(ranges.length / size) }, (_, i) => {
    const group = ranges.slice(i * size, (i + 1) * size);
    return { from: group[0]!.from, to: group.at(-1)!.to };
  });
}

/** A document that two nodes do not have alike: its version on each side, null where it is missing. */
export interface Difference {
  readonly collection: string;
  readonly key: string;
  readonly mine: Version | null;
  readonly theirs: Version | null;
}

export type DifferenceKind = 'missing here' | 'extra here' | 'different';

export function kindOf({ mine, theirs }: Difference): DifferenceKind {
  if (mine === null) return 'missing here';
  return theirs === null ? 'extra here' : 'different';
}

/** Compares the documents of a range, each list in the order of places. */
export function compareEntries(mine: readonly DigestEntry[], theirs: readonly DigestEntry[]): readonly Difference[] {
  const differences: Difference[] = [];
  let [i, j] = [0, 0];
  while (i < mine.length || j < theirs.length) {
    const order = orderOf(mine[i], theirs[j]);
    const left = order <= 0 ? mine[i++]! : undefined;
    const right = order >= 0 ? theirs[j++]! : undefined;
    if (left?.hash === right?.hash) continue;
    const { collection, key } = (left ?? right)!;
    differences.push({ collection, key, mine: left?.version ?? null, theirs: right?.version ?? null });
  }
  return differences;
}

function orderOf(left: DigestEntry | undefined, right: DigestEntry | undefined): number {
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  return comparePlaces(formatPlace(left.collection, left.key), formatPlace(right.collection, right.key));
}

/**
 * What a difference is between two positions of one log. A version above the lower of them is a change that one side has not
 * come to yet: it `moved`. A document that only the side behind has may have been deleted since: that is `open` until this
 * side has come as far. Everything else is `drift`.
 */
export function differenceBetween(
  difference: Difference,
  offsets: { readonly mine: number; readonly theirs: number },
): 'drift' | 'moved' | 'open' {
  const lower = Math.min(offsets.mine, offsets.theirs);
  const versions = [difference.mine, difference.theirs].filter((version) => version !== null);
  if (versions.some((version) => parseVersion(version).offset > lower)) return 'moved';
  const isBehind = { mine: offsets.mine < offsets.theirs, theirs: offsets.theirs < offsets.mine };
  const isOnlyBehind = (isBehind.mine && difference.theirs === null) || (isBehind.theirs && difference.mine === null);
  return isOnlyBehind ? 'open' : 'drift';
}
