import type { RuleBook } from '../definitions/rule-book.ts';
import type { Facts } from '../facts.ts';
import {
  ALL_INDEX_ENTRIES,
  documentKey,
  documentRange,
  indexEntriesFrom,
  keyBytesOf,
  parseDocumentKey,
  parseIndexNumber,
  type KeyRange,
} from '../level/layout.ts';
import { SYNCED, type Level, type LevelBatch } from '../level/level.ts';
import { putWitness } from '../log/witness.ts';
import { entryKeyOf, putIndex, removeIndex, type Index, type IndexBook } from './index-book.ts';
import { putEntries } from './plan-entries.ts';
import type { Indexes } from './indexes.ts';
import { readIndexed } from './read-indexed.ts';
import { planIndexes, type IndexPlan, type WantedIndex } from './plan-indexes.ts';

/** What the indexer needs of its store. */
export interface IndexerHost {
  level(): Level;
  facts(): Facts;
  readonly rules: () => RuleBook;
  readonly indexes: Pick<Indexes, 'book' | 'isDistrusted'>;
  /** Runs when nothing else writes, and while anything may be written. */
  writing<T>(work: () => Promise<T>): Promise<T>;
  reading<T>(read: () => Promise<T>): Promise<T>;
  guarded(write: () => Promise<void>): Promise<void>;
  /** Has LevelDB keep in its tables what it has in its own log, of which it may lose a part without a word. */
  settle(): Promise<void>;
}

const DOCUMENTS_AT_ONCE = 1000;
const BYTES_AT_ONCE = 1024 * 1024;
const DELETES_AT_ONCE = 1000;

/**
 * Makes the indexes of this node those that its definitions name, a part at a time. Each part is one batch, in a turn of its
 * own between the writes of others, so a document is either there when its part is read, or is written when its index is kept
 * already. How far it is stands in the same batch, and so a start goes on where it was.
 */
export class Indexer {
  readonly #host: IndexerHost;
  #isDue = false;
  #running: Promise<void> | null = null;
  /** The book whose left-over entries have been looked for. */
  #swept: IndexBook | null = null;

  constructor(host: IndexerHost) {
    this.#host = host;
  }

  /** There may be something to do; not where nothing is defined, and nothing was: the first writer is not to wait for that. */
  wake(): void {
    const { rules, indexes } = this.#host;
    if (rules().isEmpty && indexes.book.isEmpty) return;
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Resolves when there is nothing to do, or nothing can be done. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isDue) {
        this.#isDue = false;
        while (await this.#host.writing(() => this.#step()));
      }
    } catch {
      // The store says what is wrong with it, and wakes this when it is well again.
    }
    this.#running = null;
  }

  /** One part of the work; answers whether there was any. */
  async #step(): Promise<boolean> {
    const { book, isDistrusted } = this.#host.indexes;
    if (this.#swept !== book) await this.#findLeftOver(book);
    const plan = planIndexes(this.#wanted(), book, isDistrusted);
    if (plan.dropped.length + plan.begun.length > 0) {
      await this.#carryOut(plan, book);
      return true;
    }
    if (book.leftOver !== undefined) {
      await this.#removeEntries(book.leftOver, book);
      return true;
    }
    const building = [...book.all()].find(({ isReady }) => !isReady);
    if (building === undefined) return false;
    await this.#build(building, book);
    return true;
  }

  #wanted(): readonly WantedIndex[] {
    const rules = this.#host.rules();
    return [...rules.collections()].flatMap((collection) =>
      rules.specsOf(collection).map((spec) => ({ collection, spec })),
    );
  }

  async #carryOut({ dropped, begun }: IndexPlan, book: IndexBook): Promise<void> {
    const fresh = begun.map((wanted): Index => {
      return { ...wanted, number: book.takeNumber(), builtTo: null, looked: 0, isReady: false };
    });
    await this.#write((batch) => {
      for (const index of dropped) removeIndex(batch, index);
      for (const index of fresh) putIndex(batch, index);
    });
    for (const index of dropped) book.remove(index);
    for (const index of fresh) book.put(index);
  }

  /** Entries of indexes that are no more may have been left by a crash, or by what dropped them. */
  async #findLeftOver(book: IndexBook): Promise<void> {
    const numbers = new Set([...book.all()].map(({ number }) => number));
    await this.#host.reading(async () => {
      for (let range: KeyRange = ALL_INDEX_ENTRIES; ;) {
        const [key] = await this.#host
          .level()
          .keys({ ...range, limit: 1 })
          .all();
        if (key === undefined) return;
        const number = parseIndexNumber(key);
        if (!numbers.has(number)) book.leave(number);
        range = indexEntriesFrom(number + 1);
      }
    });
    this.#swept = book;
  }

  async #removeEntries(number: number, book: IndexBook): Promise<void> {
    const range = { gte: indexEntriesFrom(number).gte, lt: indexEntriesFrom(number + 1).gte, limit: DELETES_AT_ONCE };
    const keys = await this.#host.reading(() => this.#host.level().keys(range).all());
    if (keys.length > 0)
      await this.#write((batch) => {
        for (const key of keys) batch.del(key);
      });
    if (keys.length < DELETES_AT_ONCE) book.isGone(number);
  }

  async #build(index: Index, book: IndexBook): Promise<void> {
    const { added, built } = await this.#host.reading(() => this.#readPart(index));
    await this.#write((batch) => {
      putEntries(batch, { added, removed: [] });
      putIndex(batch, built);
    });
    book.put(built);
    if (built.builtTo !== index.builtTo) return;
    await this.#host.settle();
    const ready = { ...built, isReady: true };
    await this.#write((batch) => putIndex(batch, ready));
    book.put(ready);
  }

  /** The entries of the next documents, and the index as it is with them; no further than before when there are none. */
  async #readPart(index: Index): Promise<{ readonly added: readonly Buffer[]; readonly built: Index }> {
    const added: Buffer[] = [];
    let { builtTo, looked } = index;
    let bytes = 0;
    const iterator = this.#host.level().iterator(documentsBehind(index));
    try {
      while (looked - index.looked < DOCUMENTS_AT_ONCE && bytes < BYTES_AT_ONCE) {
        const next = await iterator.next();
        if (next === undefined) break;
        const [levelKey, stored] = next;
        bytes += stored.length;
        const entry = entryKeyOf(index, readIndexed(levelKey, stored)!, keyBytesOf(levelKey));
        if (entry !== undefined) added.push(entry);
        builtTo = parseDocumentKey(levelKey).key;
        looked++;
      }
    } finally {
      await iterator.close();
    }
    return { added, built: { ...index, builtTo, looked } };
  }

  /** Beside the log: a batch that names the head it was written behind. */
  async #write(fill: (batch: LevelBatch) => void): Promise<void> {
    const batch = this.#host.level().batch();
    putWitness(batch, this.#host.facts().head);
    fill(batch);
    await this.#host.guarded(() => batch.write(SYNCED));
  }
}

function documentsBehind({ collection, builtTo }: Index): object {
  const { gte, lt } = documentRange(collection, '');
  return builtTo === null ? { gte, lt } : { gt: documentKey(collection, builtTo), lt };
}
