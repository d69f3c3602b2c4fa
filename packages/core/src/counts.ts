import { ALL_COUNTS, decodeNumber, documentRange, parseCountKey } from './level/layout.ts';
import type { Level, LevelSnapshot } from './level/level.ts';

/** What a batch does to the count of one collection: changes it by so many, or (null) nobody knows by how many. */
export type CountDelta = number | null;

export type CountDeltas = ReadonlyMap<string, CountDelta>;

/**
 * How many documents each collection has. Keeping a count costs one look-up per change, to tell a new document from a
 * replaced one. A leader has looked anyway, and small pages look; a follower that is catching up does not, and the
 * counts of what it touches become unknown until somebody asks. Then the keys are counted once, as of a snapshot, and
 * what happens meanwhile is added.
 */
export class CountBook {
  readonly #counts: Map<string, number | null>;
  readonly #sinceRecount = new Map<string, CountDelta>();

  constructor(counts: Map<string, number | null>) {
    this.#counts = counts;
  }

  names(): readonly string[] {
    return [...this.#counts.keys()].toSorted();
  }

  /** Null when unknown; a collection never written to has none. */
  get(collection: string): number | null {
    return this.#counts.has(collection) ? this.#counts.get(collection)! : 0;
  }

  after(collection: string, delta: CountDelta): number | null {
    return sum(this.get(collection), delta);
  }

  /** The batch with these deltas is durable. */
  apply(deltas: CountDeltas): void {
    for (const [collection, delta] of deltas) {
      this.#counts.set(collection, this.after(collection, delta));
      if (this.#sinceRecount.has(collection))
        this.#sinceRecount.set(collection, sum(this.#sinceRecount.get(collection)!, delta));
    }
  }

  beginRecount(collection: string): void {
    this.#sinceRecount.set(collection, 0);
  }

  endRecount(collection: string, found: number): void {
    this.#counts.set(collection, sum(found, this.#sinceRecount.get(collection) ?? null));
    this.#sinceRecount.delete(collection);
  }
}

function sum(a: CountDelta, b: CountDelta): CountDelta {
  return a === null || b === null ? null : a + b;
}

export async function loadCounts(level: Level): Promise<CountBook> {
  const counts = new Map<string, number | null>();
  for await (const [key, value] of level.iterator(ALL_COUNTS)) {
    counts.set(parseCountKey(key), value.length === 0 ? null : decodeNumber(value));
  }
  return new CountBook(counts);
}

const KEYS_AT_ONCE = 10_000;

export async function countKeys(level: Level, collection: string, snapshot: LevelSnapshot): Promise<number> {
  const iterator = level.keys({
    ...documentRange(collection, ''),
    snapshot,
    highWaterMarkBytes: 1024 * 1024,
  } as object);
  let count = 0;
  try {
    for (let keys = await iterator.nextv(KEYS_AT_ONCE); keys.length > 0; keys = await iterator.nextv(KEYS_AT_ONCE))
      count += keys.length;
  } finally {
    await iterator.close();
  }
  return count;
}
