import { ALL_COUNTS, decodeNumber, documentRange, parseCountKey } from './level/layout.ts';
import type { Level, LevelSnapshot } from './level/level.ts';
import { unseal } from './level/sealed.ts';

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

  /** Of all collections together; null when one of them is unknown. */
  total(): number | null {
    let total: number | null = 0;
    for (const count of this.#counts.values()) total = sum(total, count);
    return total;
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

export async function loadCounts(level: Level, snapshot?: LevelSnapshot): Promise<CountBook> {
  const counts = new Map<string, number | null>();
  const range = snapshot === undefined ? ALL_COUNTS : { ...ALL_COUNTS, snapshot };
  for await (const [key, sealed] of level.iterator(range)) {
    const value = unseal(key, sealed);
    counts.set(parseCountKey(key), value.length === 0 ? null : decodeNumber(value));
  }
  return new CountBook(counts);
}

const KEYS_AT_ONCE = 10_000;

async function countKeys(level: Level, collection: string, snapshot: LevelSnapshot): Promise<number> {
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

/**
 * Counts what nobody has kept. A count begins at a moment when no batch is in flight, so that what is in its snapshot and
 * what is added meanwhile are all there is; whoever asks while it runs gets the same answer.
 */
export class Recounts {
  readonly #level: () => Level;
  readonly #exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #running = new Map<string, Promise<number>>();

  constructor(level: () => Level, exclusive: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#level = level;
    this.#exclusive = exclusive;
  }

  count(collection: string, book: CountBook): Promise<number> {
    const running = this.#running.get(collection);
    if (running !== undefined) return running;
    const recount = this.#count(collection, book).finally(() => this.#running.delete(collection));
    this.#running.set(collection, recount);
    return recount;
  }

  async #count(collection: string, book: CountBook): Promise<number> {
    const { level, snapshot } = await this.#exclusive(async () => {
      book.beginRecount(collection);
      const current = this.#level();
      return { level: current, snapshot: current.snapshot() };
    });
    try {
      const found = await countKeys(level, collection, snapshot);
      book.endRecount(collection, found);
      return found;
    } finally {
      await snapshot.close();
    }
  }
}
