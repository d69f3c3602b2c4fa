import { LIMITS, SkeinError } from '@skein/protocol';
import type { RuleBook } from '../definitions/rule-book.ts';
import type { Clock } from '../clock.ts';
import type { Document } from '../document.ts';
import { DocumentReader, type DocumentPage, type IsHidden, type ReaderParts } from '../documents.ts';
import { afterPrefix, indexEntryPrefix } from '../level/layout.ts';
import type { Written } from '../write/plan-group.ts';
import type { WalkedChange } from '../write/walk-records.ts';
import { encodeFields } from './encode-fields.ts';
import { documentOf, entryKeyOf, IndexBook, type Index } from './index-book.ts';
import { EXPIRY } from './index-spec.ts';
import { soon } from '../soon.ts';
import { planEntries, type EntryChanges } from './plan-entries.ts';
import { entryRange, formatCursor, type IndexQuery } from './query.ts';

export interface IndexesHost extends Pick<ReaderParts, 'level' | 'history' | 'gate'> {
  readonly isHidden: IsHidden;
  rules(): RuleBook;
  readonly clock: Clock;
  /** Resolves when the indexes are as they should be, or cannot be made so now. */
  indexed(): Promise<void>;
  /** An index is to be made anew. */
  onDistrusted(): void;
}

/** How an index is on this node. */
export interface IndexState {
  readonly name: string;
  readonly state: 'ready' | 'building';
  /** How many documents have been looked at to build it. */
  readonly looked: number;
}

interface Found {
  readonly document: Document;
  readonly entryKey: Buffer;
}

const ENTRIES_AT_ONCE = 256;
const MOMENT_MS = 1000;

/**
 * Finds documents by what is in them. Entries and documents are read as of one moment, and every entry is compared with its
 * document: an index that does not fit is not believed, and is made anew.
 */
export class Indexes {
  readonly #host: IndexesHost;
  #book = new IndexBook();
  #revisionsBefore = 0;
  readonly #distrusted = new Set<number>();

  constructor(host: IndexesHost) {
    this.#host = host;
  }

  get book(): IndexBook {
    return this.#book;
  }

  /** Grows when other entries may have to be kept. */
  get revision(): number {
    return this.#revisionsBefore + this.#book.revision;
  }

  /** What is kept in the database that the store goes on with. */
  begin(book: IndexBook): void {
    this.#revisionsBefore += this.#book.revision + 1;
    this.#book = book;
    this.#distrusted.clear();
  }

  isDistrusted = ({ number }: Index): boolean => this.#distrusted.has(number);

  /** What a page does to the indexes, as they are now; it is that for as long as the revision is the same. */
  entriesOf(
    changes: readonly WalkedChange[],
    existed: readonly boolean[] | null,
    underWay: Written,
  ): Promise<EntryChanges> {
    return planEntries(this.#host.level(), { changes, existed, underWay, book: this.#book });
  }

  /** They are not what their documents say, or will not be from now on. */
  distrust(indexes: readonly Index[]): void {
    for (const { number } of indexes) this.#distrusted.add(number);
  }

  /** The indexes of a collection, as its definition names them. */
  describe(collection: string): readonly IndexState[] {
    const specs = this.#host.rules().specsOf(collection);
    return specs.map((spec) => {
      const index = this.#book.find(collection, spec);
      return { name: spec.name, state: this.#isReady(index) ? 'ready' : 'building', looked: index?.looked ?? 0 };
    });
  }

  /** How many that are defined are not built. */
  get building(): number {
    let count = 0;
    for (const collection of this.#host.rules().collections())
      count += this.describe(collection).filter(({ state }) => state === 'building').length;
    return count;
  }

  /** One page in the order of the index. It ends at `limit` documents, or earlier when it would be too many bytes. */
  async page(
    collection: string,
    name: string,
    query: IndexQuery & { readonly limit?: number | undefined },
  ): Promise<DocumentPage> {
    const { limit = LIMITS.pageLimitDefault } = query;
    const documents: Document[] = [];
    let bytes = 0;
    let last: Buffer | undefined;
    for await (const { document, entryKey } of this.#find(collection, name, { ...query, atOnce: limit + 1 })) {
      if (documents.length === limit || bytes >= LIMITS.pageBytesMax) return { documents, next: formatCursor(last!) };
      documents.push(document);
      bytes += document.valueLength;
      last = entryKey;
    }
    return { documents, next: undefined };
  }

  /** All documents of a query, as of the moment it begins; the caller decides how fast. */
  async *iterate(collection: string, name: string, query: IndexQuery): AsyncGenerator<Document> {
    for await (const { document } of this.#find(collection, name, { ...query, atOnce: ENTRIES_AT_ONCE }))
      yield document;
  }

  /** Keys of documents that have expired, those first that have for longest. */
  async expired(collection: string, nowMs: number, limit: number): Promise<readonly string[]> {
    const index = this.#book.of(collection).find(({ spec }) => spec.name === EXPIRY);
    if (index === undefined) return [];
    const lt = afterPrefix(indexEntryPrefix(index.number, encodeFields([nowMs])));
    const entries = await this.#host
      .level()
      .keys({ gte: indexEntryPrefix(index.number, Buffer.alloc(0)), lt, limit })
      .all();
    return entries.map((entry) => documentOf(index, entry));
  }

  async *#find(
    collection: string,
    name: string,
    query: IndexQuery & { readonly atOnce: number },
  ): AsyncGenerator<Found> {
    const { gate, history, level } = this.#host;
    gate.assertOpen();
    const index = await this.#ready(collection, name);
    const range = entryRange(index, query);
    const database = level();
    const snapshot = database.snapshot();
    try {
      const reader = new DocumentReader({ level: () => database, history, gate, snapshot });
      const iterator = database.keys({ ...range, snapshot, reverse: query.reverse === true } as object);
      try {
        const count = Math.min(query.atOnce, ENTRIES_AT_ONCE);
        for (let keys = await iterator.nextv(count); keys.length > 0; keys = await iterator.nextv(count))
          yield* this.#read(index, keys, reader);
      } finally {
        await iterator.close();
      }
    } catch (error) {
      throw gate.failed(error);
    } finally {
      await snapshot.close();
    }
  }

  async *#read(index: Index, entryKeys: readonly Buffer[], reader: DocumentReader): AsyncGenerator<Found> {
    const { collection } = index;
    const names = entryKeys.map((entryKey) => ({ collection, key: documentOf(index, entryKey) }));
    const documents = await reader.getMany(names);
    for (const [i, document] of documents.entries()) {
      const entryKey = entryKeys[i]!;
      if (document === undefined || !isEntryOf(index, entryKey, document)) throw this.#doubt(index);
      if (!this.#host.isHidden(collection, document)) yield { document, entryKey };
    }
  }

  /** One that is being built may be built within a moment. */
  async #ready(collection: string, name: string): Promise<Index> {
    const spec = this.#host
      .rules()
      .specsOf(collection)
      .find((one) => one.kind === 'fields' && one.name === name);
    if (spec === undefined) throw new SkeinError('unknown_index', `${collection} has no index ${JSON.stringify(name)}`);
    if (!this.#isReady(this.#book.find(collection, spec)))
      await soon(this.#host.indexed(), this.#host.clock, MOMENT_MS);
    const index = this.#book.find(collection, spec);
    if (!this.#isReady(index)) throw buildingRefusal(collection, name, index);
    return index;
  }

  #isReady(index: Index | undefined): index is Index {
    return index?.isReady === true && !this.isDistrusted(index);
  }

  #doubt(index: Index): SkeinError {
    this.#distrusted.add(index.number);
    this.#host.onDistrusted();
    return buildingRefusal(index.collection, index.spec.name, undefined);
  }
}

function isEntryOf(index: Index, entryKey: Buffer, document: Document): boolean {
  const entry = entryKeyOf(index, document, Buffer.from(document.key));
  return entry?.equals(entryKey) === true;
}

export function buildingRefusal(collection: string, name: string, index: Index | undefined): SkeinError {
  const looked = index?.looked ?? 0;
  return new SkeinError(
    'index_building',
    `the index ${name} of ${collection} is being built: ${looked} documents so far`,
    {
      index: name,
      looked,
      retryAfterSeconds: 1,
    },
  );
}
