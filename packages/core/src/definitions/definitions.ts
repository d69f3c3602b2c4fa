import { DEFINITIONS, SkeinError, type Definition } from '@skein/protocol';
import type { Clock } from '../clock.ts';
import type { Document } from '../document.ts';
import { buildingRefusal, type Indexes } from '../indexes/indexes.ts';
import type { Index } from '../indexes/index-book.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Committed, Condition, Transaction } from '../write/operation.ts';
import type { WalkedChange } from '../write/walk-records.ts';
import { soon } from '../soon.ts';
import { checkExisting, type ExistingReport } from './check-existing.ts';
import type { RuleBook } from './rule-book.ts';
import { Rules } from './rules.ts';

/** What a write to a collection has to keep to. */
export interface WriteRules {
  /** Those of the definition; and those of one that is about to take its place, while it is found out whether it can. */
  readonly rules: readonly Rules[];
  readonly unique: readonly Index[];
  isExpired(document: Parameters<Rules['isExpired']>[0], nowMs: number): boolean;
}

export interface DefinitionsHost {
  readonly indexes: Indexes;
  readonly commit: (transaction: Transaction) => Promise<Committed>;
  /** Runs while nothing is being written. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** As of now; to be called while nothing is being written. */
  snapshotNow(): Promise<Snapshot>;
  readonly clock: Clock;
  /** Resolves when the indexes are as they should be, or cannot be made so now. */
  indexed(): Promise<void>;
}

/** How a definition is to be stored. */
export interface DefineOptions extends Omit<Transaction, 'operations'> {
  readonly condition?: Condition | undefined;
  /** Only where no document breaks it. */
  readonly strict?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Who takes the write; the store itself unless given. */
  readonly commit?: ((transaction: Transaction) => Promise<Committed>) | undefined;
}

/**
 * The definitions of this store's collections: documents of `$definitions` like any others in the log, and what follows from
 * them for those who write, read and keep indexes. What is asked of a write is what the log says up to that write.
 */
export class Definitions {
  readonly #host: DefinitionsHost;
  #book: RuleBook;
  /** Rules that are being tried: no write breaks them meanwhile. */
  readonly #tried = new Map<string, Rules>();
  #revision = 0;

  constructor(host: DefinitionsHost, book: RuleBook) {
    this.#host = host;
    this.#book = book;
  }

  get book(): RuleBook {
    return this.#book;
  }

  /** What is stored where the store goes on. */
  begin(book: RuleBook): void {
    this.#book = book;
    this.#revision++;
  }

  /** Learns of changes that are durable. Answers whether any was of a definition. */
  note(changes: readonly WalkedChange[]): boolean {
    const isOther = this.#book.note(changes);
    if (isOther) this.#revision++;
    return isOther;
  }

  /** Undefined where anything may be written; throws where nothing may be until the rules can be held to. */
  ofWrites(collection: string): WriteRules | undefined {
    const current = this.#book.of(collection);
    const tried = this.#tried.get(collection);
    if (current === undefined && tried === undefined) return undefined;
    const rules = [current, tried].filter((one) => one !== undefined);
    if (tried?.hasUnique === true)
      throw new SkeinError('index_building', `a definition of ${collection} is being tried`, BE_BACK);
    return {
      rules,
      unique: current === undefined ? [] : this.#uniqueOf(collection, current),
      isExpired: (document, nowMs) => current?.isExpired(document, nowMs) ?? false,
    };
  }

  /** Whether a document is there and has expired. */
  isHidden = (collection: string, document: Document): boolean => {
    if (this.#book.isEmpty) return false;
    const rules = this.#book.expiringRulesOf(collection);
    return rules?.isExpired(() => document, this.#host.clock.wall()) === true;
  };

  /** Whether a write to a collection is held to what its other documents are. */
  hasUnique(collection: string): boolean {
    return this.#book.hasUnique(collection) || this.#tried.get(collection)?.hasUnique === true;
  }

  /** Grows when other things may be asked of writes. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether a write needs to know what its document is before it. */
  looksBack(collection: string): boolean {
    return !this.#book.isEmpty && this.#book.looksBack(collection);
  }

  /**
   * Stores a definition; it holds for every write behind it. Null takes it away. Where its indexes are built within a moment,
   * as those of a small collection are, it is not answered before.
   */
  async put(collection: string, definition: Definition | null, options: DefineOptions = {}): Promise<Committed> {
    const committed = await this.#store(collection, definition, options);
    await soon(this.#host.indexed(), this.#host.clock, MOMENT_MS);
    return committed;
  }

  async #store(collection: string, definition: Definition | null, options: DefineOptions): Promise<Committed> {
    const { strict = false, signal, condition, commit: take = this.#host.commit, ...transaction } = options;
    const name = { collection: DEFINITIONS, key: collection, condition } as const;
    if (definition === null) return take({ ...transaction, operations: [{ ...name, op: 'delete' }] });
    const rules = new Rules(definition);
    rules.compile();
    const commit = (): Promise<Committed> =>
      take({ ...transaction, operations: [{ ...name, op: 'put', valueText: JSON.stringify(definition) }] });
    return strict ? this.#afterTrying(collection, rules, signal, commit) : commit();
  }

  /** How many documents a definition would be broken by, if it held. */
  async check(collection: string, definition: Definition, signal?: AbortSignal): Promise<ExistingReport> {
    const rules = new Rules(definition);
    rules.compile();
    const snapshot = await this.#host.exclusive(() => this.#host.snapshotNow());
    return checkExisting(snapshot, { collection, rules, isHidden: this.isHidden, signal });
  }

  /** The rules hold for writes from the moment on as of which everything is looked at, so nothing slips in between. */
  async #afterTrying<T>(
    collection: string,
    rules: Rules,
    signal: AbortSignal | undefined,
    commit: () => Promise<T>,
  ): Promise<T> {
    const snapshot = await this.#host.exclusive(async () => {
      if (this.#tried.has(collection))
        throw new SkeinError('overloaded', `another definition of ${collection} is being tried`, BE_BACK);
      this.#try(collection, rules);
      return this.#host.snapshotNow().catch((error: unknown) => {
        this.#try(collection, null);
        throw error;
      });
    });
    try {
      const report = await checkExisting(snapshot, { collection, rules, isHidden: this.isHidden, signal });
      if (report.broken > 0)
        throw new SkeinError('definition_broken', `${report.broken} of ${report.documents} documents break it`, {
          ...report,
        });
      return await commit();
    } finally {
      this.#try(collection, null);
    }
  }

  #try(collection: string, rules: Rules | null): void {
    if (rules === null) this.#tried.delete(collection);
    else this.#tried.set(collection, rules);
    this.#revision++;
  }

  #uniqueOf(collection: string, { specs }: Rules): readonly Index[] {
    const unique: Index[] = [];
    for (const spec of specs) {
      if (spec.kind !== 'fields' || !spec.unique) continue;
      const index = this.#host.indexes.book.find(collection, spec);
      // Before all that is there is in it, nobody knows what is unique.
      if (index?.isReady !== true || this.#host.indexes.isDistrusted(index))
        throw buildingRefusal(collection, spec.name, index);
      unique.push(index);
    }
    return unique;
  }
}

const BE_BACK = { retryAfterSeconds: 1 };
const MOMENT_MS = 1000;
