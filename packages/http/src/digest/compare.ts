import {
  EVERYWHERE,
  comparePlaces,
  formatPlace,
  type DigestEntry,
  type DigestPage,
  type DigestRange,
  type DigestRoot,
  type Place,
  type PlaceRange,
} from '@skein/protocol';
import { compareEntries, differingRanges, type Difference } from '@skein/replication';
import { inOrder } from './in-order.ts';

/** The digests of a node as of one position, wherever it is: `Digest` of a store is one, `fetchDigest` makes another. */
export interface DigestSource {
  readonly root: DigestRoot;
  branches(range: PlaceRange): DigestPage<DigestRange> | Promise<DigestPage<DigestRange>>;
  leaves(range: PlaceRange): DigestPage<DigestRange> | Promise<DigestPage<DigestRange>>;
  documents(range: PlaceRange): Promise<DigestPage<DigestEntry>>;
}

/** What a comparison has had the two sides send, both together. */
export interface ComparisonCost {
  readonly requests: number;
  readonly hashes: number;
  readonly documents: number;
}

/** Of each side one request for each of them: unless more branches are asked for, eight are under way at most. */
const BRANCHES_AT_ONCE = 2;
const LEAVES_AT_ONCE = 2;
const RANGES_MAX = 4096;

/**
 * Finds the documents in which two nodes differ: where the roots do, by their branches; where branches do, by their leaves;
 * and where leaves do, by their documents. What is equal is never sent.
 */
export class Comparison {
  readonly #mine: DigestSource;
  readonly #theirs: DigestSource;
  readonly #branchesAtOnce: number;
  #requests = 0;
  #hashes = 0;
  #documents = 0;

  constructor(mine: DigestSource, theirs: DigestSource, branchesAtOnce = BRANCHES_AT_ONCE) {
    this.#mine = mine;
    this.#theirs = theirs;
    this.#branchesAtOnce = branchesAtOnce;
  }

  get isEqual(): boolean {
    return this.#mine.root.hash === this.#theirs.root.hash;
  }

  get cost(): ComparisonCost {
    return { requests: this.#requests, hashes: this.#hashes, documents: this.#documents };
  }

  /** Differences in the order of their places, as they are found; from a place on, where one is given. */
  async *differences(start: Place | null = null): AsyncGenerator<Difference> {
    if (this.isEqual) return;
    const branches = rangesFrom(start, await this.#differing('branches', EVERYWHERE));
    const leavesOf = async (branch: PlaceRange): Promise<readonly PlaceRange[]> =>
      rangesFrom(start, await this.#differing('leaves', branch)).map((leaf) => clipped(leaf, start));
    const leaves = flat(inOrder(branches, this.#branchesAtOnce, leavesOf));
    for await (const first of inOrder(leaves, LEAVES_AT_ONCE, (range) => this.#compareSome(range))) {
      for (let part: Compared = first; ; part = await this.#compareSome(part.rest)) {
        yield* part.differences;
        if (part.rest === null) break;
      }
    }
  }

  async #differing(level: 'branches' | 'leaves', range: PlaceRange): Promise<readonly PlaceRange[]> {
    const [mine, theirs] = await Promise.all([
      this.#all(this.#mine, level, range),
      this.#all(this.#theirs, level, range),
    ]);
    return differingRanges(mine, theirs, range, RANGES_MAX);
  }

  async #all(source: DigestSource, level: 'branches' | 'leaves', range: PlaceRange): Promise<readonly DigestRange[]> {
    const all: DigestRange[] = [];
    for (let from: Place | null | undefined = range.from; from !== undefined;) {
      const page: DigestPage<DigestRange> = await source[level]({ from, to: range.to });
      this.#requests++;
      this.#hashes += page.entries.length;
      all.push(...page.entries);
      from = page.next;
    }
    return all;
  }

  /** A page of the documents of a range, as far as both sides have sent them; and the range of those behind. */
  async #compareSome(range: PlaceRange): Promise<Compared> {
    const pages = await Promise.all([this.#mine.documents(range), this.#theirs.documents(range)]);
    this.#requests += 2;
    this.#documents += pages[0].entries.length + pages[1].entries.length;
    const next = pages.flatMap((page) => page.next ?? []).toSorted(comparePlaces)[0];
    const [mine, theirs] = pages.map(({ entries }) => (next === undefined ? entries : entriesBelow(entries, next)));
    const rest = next === undefined ? null : { from: next, to: range.to };
    return { differences: compareEntries(mine!, theirs!), rest };
  }
}

type Compared =
  | { readonly differences: readonly Difference[]; readonly rest: PlaceRange }
  | { readonly differences: readonly Difference[]; readonly rest: null };

async function* flat<Item>(lists: AsyncIterable<readonly Item[]>): AsyncGenerator<Item> {
  for await (const list of lists) yield* list;
}

/** Those that do not end before a place. */
function rangesFrom(start: Place | null, ranges: readonly PlaceRange[]): readonly PlaceRange[] {
  return start === null ? ranges : ranges.filter(({ to }) => to === null || comparePlaces(to, start) > 0);
}

function clipped(range: PlaceRange, start: Place | null): PlaceRange {
  const isBefore = start !== null && (range.from === null || comparePlaces(range.from, start) < 0);
  return isBefore ? { ...range, from: start } : range;
}

function entriesBelow(entries: readonly DigestEntry[], place: Place): readonly DigestEntry[] {
  return entries.filter(({ collection, key }) => comparePlaces(formatPlace(collection, key), place) < 0);
}
