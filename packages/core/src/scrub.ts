import { isSkeinError } from '@skein/protocol';
import { asBuffer } from './bytes.ts';
import { loadCounts } from './counts.ts';
import { proveStoredDocumentAt } from './document.ts';
import type { Facts } from './facts.ts';
import { IndexBook, type Index } from './indexes/index-book.ts';
import { IndexSums } from './indexes/index-sums.ts';
import { ALL_DOCUMENTS, ALL_INDEX_ENTRIES, parseDocumentKey } from './level/layout.ts';
import { withCorruptNamed, type Level, type LevelSnapshot } from './level/level.ts';
import { KEYS_AS_TEXT, readAhead } from './level/read-ahead.ts';
import { LogComparison } from './log/compare.ts';
import { verifyLog } from './log/verify.ts';

export interface ScrubReport {
  readonly documents: number;
  /** A sentence for each thing found wrong; empty when all is well. */
  readonly problems: readonly string[];
  /** Indexes that are not what their documents say: they can be made again, so they are no problem of the store. */
  readonly untrueIndexes: readonly Index[];
}

export interface ScrubParts {
  readonly level: Level;
  readonly facts: Facts;
  readonly snapshot: LevelSnapshot;
  readonly signal?: AbortSignal | undefined;
}

/** The documents of a collection that have been met. */
interface Met {
  readonly collection: string;
  /** What their Level keys begin with. */
  readonly prefix: string;
  count: number;
}

const NONE_MET: Met = { collection: '', prefix: '\0', count: 0 };

/**
 * LevelDB finds a key by what it keeps of each block, which is of 4 KiB or more but where a table ends, and of each 16 keys in
 * one: who looks for one in half of that has been to each of them.
 */
const UNLOOKED_BYTES_MAX = 2048;
const UNLOOKED_ENTRIES_MAX = 8;

const PROBLEMS_MAX = 100;
const ENTRIES_AT_ONCE = 1000;

/**
 * Reads everything and proves it, as of a snapshot: the log by its chain, each document by its checksum and its place, how
 * many there are by their count, and the documents and the log by each other. A checksum tells bytes that are wrong;
 * only the log tells a document that is missing, has come back, or is an older one of itself. Stopped by the signal it has
 * found nothing, and says so with the signal's reason.
 */
export async function scrub({ level, facts, snapshot, signal }: ScrubParts): Promise<ScrubReport> {
  const scrubbing = new Scrubbing({ level, facts, snapshot, signal });
  await scrubbing.step(() => scrubbing.checkLog());
  await scrubbing.step(() => scrubbing.readIndexes());
  await scrubbing.step(() => scrubbing.checkDocuments());
  await scrubbing.step(() => scrubbing.checkCounts());
  await scrubbing.step(() => scrubbing.checkIndexes());
  return scrubbing.report();
}

class Scrubbing {
  readonly #level: Level;
  readonly #facts: Facts;
  readonly #snapshot: LevelSnapshot;
  readonly #signal: AbortSignal | undefined;
  readonly #problems: string[] = [];
  readonly #met = new Map<string, Met>();
  /** Of the document before: those of one collection stand together. */
  #metLast = NONE_MET;
  /** What has been read since a document was looked for by its key. */
  #unlookedEntries = UNLOOKED_ENTRIES_MAX;
  #unlookedBytes = 0;
  #indexes = new IndexSums(new IndexBook());
  #untrueIndexes: readonly Index[] = [];

  constructor({ level, facts, snapshot, signal }: ScrubParts) {
    this.#level = level;
    this.#facts = facts;
    this.#snapshot = snapshot;
    this.#signal = signal;
  }

  report(): ScrubReport {
    let documents = 0;
    for (const { count } of this.#met.values()) documents += count;
    return { documents, problems: this.#problems, untrueIndexes: this.#untrueIndexes };
  }

  /** A step that stops at something wrong has found one problem; the steps after it look for more. */
  async step(check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (error) {
      // Whatever the reason is, it is no problem of the store.
      this.#signal?.throwIfAborted();
      this.#noteError(error);
    }
  }

  async checkLog(): Promise<void> {
    const comparison = new LogComparison(this.#level, this.#snapshot, (problem) => this.#note(problem));
    const last = await verifyLog(this.#level, this.#facts, {
      snapshot: this.#snapshot,
      onRecord: (record) => {
        this.#signal?.throwIfAborted();
        return comparison.add(record);
      },
    });
    comparison.end();
    const { head } = this.#facts;
    if ((last?.offsetLast ?? 0) < head.offset) this.#note(`the log ends before ${head.offset}, where it should`);
  }

  async checkDocuments(): Promise<void> {
    const range = { ...ALL_DOCUMENTS, ...KEYS_AS_TEXT, snapshot: this.#snapshot, highWaterMarkBytes: 1024 * 1024 };
    for await (const entries of readAhead<string>(this.#level, range, () => ENTRIES_AT_ONCE))
      await this.#checkEntries(entries);
  }

  /**
   * A document must also be found when it is asked for: LevelDB looks it up along another path than it walks. All paths are
   * taken, if not for all documents.
   */
  async #checkEntries(entries: readonly (readonly [string, Buffer])[]): Promise<void> {
    this.#signal?.throwIfAborted();
    const looked = entries.filter(([levelKey, stored]) =>
      this.#isLookUpDue(Buffer.byteLength(levelKey) + stored.length),
    );
    const levelKeys = looked.map(([levelKey]) => levelKey);
    const looking = this.#level.getMany(levelKeys, { ...KEYS_AS_TEXT, snapshot: this.#snapshot });
    looking.catch(() => undefined);
    for (const [levelKey, stored] of entries) this.#checkDocument(asBuffer(stored), levelKey);
    for (const [i, found] of (await looking).entries()) {
      const [levelKey, stored] = looked[i]!;
      if (found === undefined || !asBuffer(found).equals(stored))
        this.#note(`${nameOf(levelKey)} cannot be found by its key`);
    }
  }

  #isLookUpDue(bytes: number): boolean {
    this.#unlookedEntries++;
    this.#unlookedBytes += bytes;
    if (this.#unlookedEntries < UNLOOKED_ENTRIES_MAX && this.#unlookedBytes < UNLOOKED_BYTES_MAX) return false;
    this.#unlookedEntries = 0;
    this.#unlookedBytes = 0;
    return true;
  }

  #checkDocument(stored: Buffer, levelKey: string): void {
    const met = this.#metAt(levelKey);
    met.count++;
    try {
      const offset = proveStoredDocumentAt(stored, levelKey);
      const head = this.#facts.head.offset;
      if (offset > head) this.#note(`${nameOf(levelKey)} is of ${offset}; the log ends at ${head}`);
      this.#indexes.addDocument(met.collection, levelKey, stored);
    } catch (error) {
      this.#noteError(error);
    }
  }

  #metAt(levelKey: string): Met {
    if (levelKey.startsWith(this.#metLast.prefix)) return this.#metLast;
    const collection = levelKey.slice(1, levelKey.indexOf('\0'));
    const met = this.#met.get(collection) ?? { collection, prefix: `${levelKey.slice(0, 1)}${collection}\0`, count: 0 };
    this.#met.set(collection, met);
    this.#metLast = met;
    return met;
  }

  async checkCounts(): Promise<void> {
    const counts = await loadCounts(this.#level, this.#snapshot);
    for (const collection of new Set([...counts.names(), ...this.#met.keys()])) {
      const count = counts.get(collection);
      const found = this.#met.get(collection)?.count ?? 0;
      if (count !== null && count !== found)
        this.#note(`${collection} holds ${found} documents; its count says ${count}`);
    }
  }

  async readIndexes(): Promise<void> {
    this.#indexes = new IndexSums(await IndexBook.load(this.#level, this.#snapshot));
  }

  async checkIndexes(): Promise<void> {
    for await (const key of this.#level.keys({ ...ALL_INDEX_ENTRIES, snapshot: this.#snapshot })) {
      this.#signal?.throwIfAborted();
      this.#indexes.addEntry(key);
    }
    this.#untrueIndexes = this.#indexes.untrue();
  }

  #noteError(thrown: unknown): void {
    const error = withCorruptNamed(thrown);
    if (!isSkeinError(error)) throw error;
    this.#note(error.message);
  }

  #note(problem: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
  }
}

function nameOf(levelKey: string): string {
  const { collection, key } = parseDocumentKey(Buffer.from(levelKey));
  return `document ${JSON.stringify(key)} of ${collection}`;
}
