import type { Clock } from '../clock.ts';
import type { ReaderParts } from '../documents.ts';
import type { Facts } from '../facts.ts';
import { removeIndex, type Index, type IndexBook } from '../indexes/index-book.ts';
import { Indexer } from '../indexes/indexer.ts';
import { Indexes } from '../indexes/indexes.ts';
import type { LevelBatch } from '../level/level.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Committed, Transaction } from '../write/operation.ts';
import type { WalkedChange } from '../write/walk-records.ts';
import { Definitions } from './definitions.ts';
import type { RuleBook } from './rule-book.ts';

/** What is known of the definitions in a database, and of the indexes that are kept in it. */
export interface DefinedContents {
  readonly rules: RuleBook;
  readonly indexes: IndexBook;
}

/** What follows from definitions needs this of its store. */
export interface DefinedHost extends Pick<ReaderParts, 'level' | 'history' | 'gate'> {
  readonly clock: Clock;
  facts(): Facts;
  readonly commit: (transaction: Transaction) => Promise<Committed>;
  /** Runs while nothing is being written. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** The same for what writes: refused while nothing may be written. */
  writing<T>(work: () => Promise<T>): Promise<T>;
  reading<T>(read: () => Promise<T>): Promise<T>;
  guarded(write: () => Promise<void>): Promise<void>;
  /** Has LevelDB keep in its tables what it has in its own log, of which it may lose a part without a word. */
  settle(): Promise<void>;
  /** As of now; to be called while nothing is being written. */
  snapshotNow(): Promise<Snapshot>;
}

/** All that follows from the definitions of a store: what writes are held to, the indexes, and who builds them. */
export class Defined {
  readonly definitions: Definitions;
  readonly indexes: Indexes;
  readonly #indexer: Indexer;

  constructor(host: DefinedHost, contents: DefinedContents) {
    const parts = { ...host, rules: () => this.definitions.book, indexed: () => this.indexed() };
    this.indexes = new Indexes({
      ...parts,
      isHidden: (collection, document) => this.definitions.isHidden(collection, document),
      onDistrusted: () => this.#indexer.wake(),
    });
    this.definitions = new Definitions({ ...parts, indexes: this.indexes }, contents.rules);
    this.#indexer = new Indexer({ ...parts, indexes: this.indexes });
    this.begin(contents);
  }

  /** The database that the store goes on with. */
  begin({ rules, indexes }: DefinedContents): void {
    this.indexes.begin(indexes);
    this.beginRules(rules);
  }

  /** Definitions have been written past the log. */
  beginRules(rules: RuleBook): void {
    this.definitions.begin(rules);
    this.#indexer.wake();
  }

  /** Grows when something else may follow for writes. */
  get revision(): number {
    return this.definitions.revision + this.indexes.revision;
  }

  get contents(): DefinedContents {
    return { rules: this.definitions.book, indexes: this.indexes.book };
  }

  /** Learns of changes that are durable. */
  note(changes: readonly WalkedChange[]): void {
    if (this.definitions.note(changes)) this.#indexer.wake();
  }

  /** Resolves when the indexes are what the definitions name, or cannot be made so now. */
  indexed(): Promise<void> {
    return this.#indexer.idle();
  }

  /** They are not what their documents say, and are made anew. */
  distrust(indexes: readonly Index[]): void {
    this.indexes.distrust(indexes);
    if (indexes.length > 0) this.#indexer.wake();
  }

  /**
   * A batch writes documents of these collections past the log, and so past their indexes: those go with it, are not believed
   * from before it on, and are made anew behind it.
   */
  dropIndexes(batch: LevelBatch, collections: readonly string[]): void {
    const stale = collections.flatMap((collection) => this.indexes.book.of(collection));
    for (const index of stale) removeIndex(batch, index);
    this.distrust(stale);
  }
}
