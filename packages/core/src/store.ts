import { isSkeinError, LIMITS, SkeinError, type Position, type RecordView } from '@skein/protocol';
import { Collection } from './collection.ts';
import { countKeys, loadCounts, type CountBook } from './counts.ts';
import { systemClock, type Clock } from './clock.ts';
import { DocumentReader } from './documents.ts';
import { loadFacts, type Facts, type NewStore } from './facts.ts';
import { SYNCED, type Level } from './level/level.ts';
import { readLog, type LogReadLimits, type LogSlice } from './log/read.ts';
import { removeTrimmed, storeTail, trimmableTail } from './log/trim.ts';
import { checkHash } from './log/verify.ts';
import { isDiskFull, recover } from './recovery.ts';
import { scrub, type ScrubReport } from './scrub.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { fillBatch, preparePage } from './write/fill-batch.ts';
import type { Committed, Operation, Transaction } from './write/operation.ts';
import { Writer } from './write/writer.ts';

export interface StoreOptions extends NewStore {
  readonly level: Level;
  readonly clock?: Clock | undefined;
  readonly valueBytesMax?: number | undefined;
  /** Throws while there is no room to reopen the database in; see `probeSpace`. */
  readonly probe?: (() => Promise<void>) | undefined;
}

/**
 * - ready: reads and writes.
 * - poisoned: a write failed; reads go on, nothing is written until the store has been reopened.
 * - recovering: being reopened and verified; nothing can be read.
 * - corrupt: verified and found wrong; an operator decides.
 */
export type StoreState = 'ready' | 'poisoned' | 'recovering' | 'corrupt' | 'closed';

/** What became durable: told to listeners once, in order, after the sync. */
export interface Published {
  readonly records: readonly RecordView[];
  readonly head: Position;
  /** How long the batch took to write and sync; zero when it was found again by a reopening. */
  readonly tookMs: number;
}

export type PublishListener = (published: Published) => void;

/** More than one batch can hold, and one is all that can have been in flight. */
const FOUND_CHANGES_MAX = 1_000_000;

/**
 * Documents and their log on one abstract-level database. Every change is one atomic, synced batch with its log record;
 * one batch is in flight at a time; the first failed write poisons the store. All that is known of the log is in
 * `facts`, replaced in one place, after the batch that made it true.
 */
export class Store {
  readonly documents: DocumentReader;
  readonly #options: StoreOptions;
  readonly #level: Level;
  readonly #clock: Clock;
  readonly #writer: Writer;
  readonly #listeners = new Set<PublishListener>();
  readonly #closing = new AbortController();
  #facts: Facts;
  #counts: CountBook;
  #state: StoreState = 'ready';
  #failure: unknown = undefined;
  #recounts = new Map<string, Promise<number>>();
  #turn: Promise<unknown> = Promise.resolve();
  #recovery: Promise<void> = Promise.resolve();

  /** Opens the database, creates the store in it when it is empty, and verifies the log. */
  static async open(options: StoreOptions): Promise<Store> {
    await options.level.open();
    try {
      const facts = await loadFacts(options.level, options);
      if (facts.identity.role !== options.role) {
        throw new SkeinError(
          'wrong_role',
          `the data directory belongs to a ${facts.identity.role}; a ${options.role} needs one of its own`,
        );
      }
      return new Store(options, facts, await loadCounts(options.level));
    } catch (error) {
      await options.level.close();
      throw error;
    }
  }

  private constructor(options: StoreOptions, facts: Facts, counts: CountBook) {
    this.#options = options;
    this.#level = options.level;
    this.#clock = options.clock ?? systemClock;
    this.#facts = facts;
    this.#counts = counts;
    this.documents = new DocumentReader(
      this.#level,
      () => this.#facts.history,
      (error) => this.#foundCorrupt(error),
    );
    this.#writer = new Writer({
      level: this.#level,
      documents: this.documents,
      clock: this.#clock,
      valueBytesMax: options.valueBytesMax ?? LIMITS.valueBytesMaxDefault,
      facts: () => this.#facts,
      refusal: () => this.#refusal(),
      exclusive: (work) => this.#exclusive(work),
      write: (records, existed) => this.#write(this.#facts.identity.log!, records, existed),
    });
  }

  get facts(): Facts {
    return this.#facts;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Why the store is not ready, as a sentence. */
  get failure(): string | null {
    if (this.#failure === undefined) return null;
    return this.#failure instanceof Error ? this.#failure.message : String(this.#failure);
  }

  get valueBytesMax(): number {
    return this.#options.valueBytesMax ?? LIMITS.valueBytesMaxDefault;
  }

  collection(name: string): Collection {
    return new Collection(this, name);
  }

  /** All operations become visible together, durable, or not at all. */
  commit(transaction: Transaction): Promise<Committed> {
    this.#assertLeader();
    return this.#writer.commit(transaction);
  }

  /** Many changes acknowledged together, each for itself: a bulk load. */
  load(operations: readonly Operation[], trace?: string): Promise<Committed> {
    this.#assertLeader();
    return this.#writer.commit({ operations, trace, isLoad: true });
  }

  /**
   * A follower's write: the leader's records as they came, and with them the new position, in one batch. They must
   * continue this log; their hashes are checked here, before anything is stored.
   */
  async apply(log: string, records: readonly RecordView[]): Promise<Position> {
    for (const record of records) checkReceived(record);
    return this.#exclusive(async () => {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      this.#assertContinues(log, records[0]!);
      await this.#write(log, records, null);
      return this.#facts.head;
    });
  }

  readLog(after: number, limits: LogReadLimits): Promise<LogSlice> {
    return this.#reading(() => readLog(this.#level, this.#facts.history, after, limits));
  }

  /** Reads that must agree with each other. Close it soon: it holds back LevelDB's cleaning up. */
  snapshot(): Promise<Snapshot> {
    return this.#reading(() => openSnapshot(this.#level, this.#facts, (error) => this.#foundCorrupt(error)));
  }

  /** Collections and how many documents each has; counts nobody has kept are counted now. */
  async collections(): Promise<readonly { readonly name: string; readonly documents: number }[]> {
    const collections: { name: string; documents: number }[] = [];
    for (const name of this.#counts.names()) {
      const documents = this.#counts.get(name) ?? (await this.#recount(name));
      if (documents > 0) collections.push({ name, documents });
    }
    return collections;
  }

  /** Drops log records that lie wholly below `tailWanted`; documents stay. Answers the new tail. */
  trim(tailWanted: number): Promise<number> {
    return this.#exclusive(async () => {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      const tail = await trimmableTail(this.#level, this.#facts.tail, Math.min(tailWanted, this.#facts.head.offset));
      await this.#guarded(() => storeTail(this.#level, tail));
      this.#facts = { ...this.#facts, tail };
      await this.#guarded(() => removeTrimmed(this.#level, tail));
      return tail;
    });
  }

  /** Reads every document and record and proves each one. */
  scrub(): Promise<ScrubReport> {
    return this.#reading(() => scrub(this.#level, this.#facts));
  }

  /** Told of everything that becomes durable from now on; call the answer to stop. */
  subscribe(listener: PublishListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers what is waiting, then closes. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    await this.#writer.drained();
    this.#closing.abort();
    await this.#recovery;
    await this.#exclusive(() => this.#level.close());
    this.#state = 'closed';
  }

  /** The only place where anything is written to the log, and the only one where the facts move on. */
  async #write(log: string, records: readonly RecordView[], existed: readonly boolean[] | null): Promise<void> {
    const page = await preparePage(this.#level, log, records, existed);
    const startedAt = this.#clock.now();
    const batch = this.#level.batch();
    const after = fillBatch(batch, page, this.#facts, this.#counts);
    await this.#guarded(() => batch.write(SYNCED));
    this.#facts = after.facts;
    this.#counts.apply(after.countDeltas);
    this.#publish({ records, head: after.facts.head, tookMs: this.#clock.now() - startedAt });
  }

  /** Runs a write; its failure poisons the store and leaves the outcome unknown until the log has been read again. */
  async #guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#poison(error);
      throw new SkeinError('outcome_unknown', undefined, {}, error);
    }
  }

  #poison(error: unknown): void {
    if (this.#state !== 'ready') return;
    this.#state = 'poisoned';
    this.#failure = error;
    const store = { probe: this.#options.probe, reopen: () => this.#exclusive(() => this.#reopen()) };
    this.#recovery = recover(store, this.#clock, this.#closing.signal, (failed) => this.#attemptFailed(failed)).then(
      (result) => {
        if (result === 'corrupt') this.#state = 'corrupt';
      },
    );
  }

  #attemptFailed(error: unknown): void {
    this.#failure = error;
  }

  /** A read met bytes that are not what was written. Nothing more is written on top of them. */
  #foundCorrupt(error: SkeinError): void {
    if (this.#state !== 'ready') return;
    this.#state = 'corrupt';
    this.#failure = error;
  }

  async #reopen(): Promise<void> {
    this.#state = 'recovering';
    await this.#level.close();
    await this.#level.open();
    const before = this.#facts.head.offset;
    this.#facts = await loadFacts(this.#level, this.#options);
    this.#counts = await loadCounts(this.#level);
    this.#state = 'ready';
    this.#failure = undefined;
    // A write whose outcome was unknown may have come through: whoever waits for it must learn of it now.
    if (this.#facts.head.offset > before) await this.#publishFound(before);
  }

  async #publishFound(after: number): Promise<void> {
    const { records } = await readLog(this.#level, this.#facts.history, after, {
      changesMax: FOUND_CHANGES_MAX,
      bytesMax: LIMITS.recordBytesMax,
    });
    this.#publish({ records, head: this.#facts.head, tookMs: 0 });
  }

  #publish(published: Published): void {
    for (const listener of this.#listeners) listener(published);
  }

  /** Counts a collection's keys as of now; whoever asks meanwhile gets the same answer. */
  #recount(collection: string): Promise<number> {
    const running = this.#recounts.get(collection);
    if (running !== undefined) return running;
    const recount = this.#countNow(collection).finally(() => this.#recounts.delete(collection));
    this.#recounts.set(collection, recount);
    return recount;
  }

  async #countNow(collection: string): Promise<number> {
    const book = this.#counts;
    const snapshot = await this.#exclusive(async () => {
      book.beginRecount(collection);
      return this.#level.snapshot();
    });
    const found = await countKeys(this.#level, collection, snapshot).finally(() => snapshot.close());
    book.endRecount(collection, found);
    return found;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Turns the errors of a database that is just being reopened into one that says so. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    if (this.#state === 'recovering' || this.#state === 'closed') throw this.#refusal()!;
    return read().catch((error: unknown) => {
      if (isSkeinError(error, 'corrupt')) this.#foundCorrupt(error);
      throw error;
    });
  }

  #refusal(): SkeinError | undefined {
    switch (this.#state) {
      case 'ready':
        return undefined;
      case 'closed':
        return new SkeinError('stopping');
      case 'corrupt':
        return new SkeinError('corrupt', this.failure ?? undefined);
      case 'poisoned':
      case 'recovering':
        if (isDiskFull(this.#failure)) return new SkeinError('storage_full', undefined, { retryAfterSeconds: 5 });
        return new SkeinError('starting', 'a write failed; the store is being reopened', { retryAfterSeconds: 1 });
    }
  }

  #assertLeader(): void {
    if (this.#facts.identity.role !== 'leader') throw new SkeinError('not_leader');
  }

  #assertContinues(log: string, first: RecordView): void {
    const { identity, head } = this.#facts;
    if (identity.log !== null && identity.log !== log)
      throw new SkeinError('other_log', `records of log ${log} in a store of ${identity.log}`);
    if (first.offsetFirst !== head.offset + 1)
      throw new SkeinError('bad_record', `a record begins at ${first.offsetFirst}, not at ${head.offset + 1}`);
    if (first.hashBefore !== head.hash)
      throw new SkeinError('diverged', `the record at ${first.offsetFirst} is not chained to what is stored`);
  }
}

/** Bytes from outside that are wrong are a bad record; only stored ones are corrupt. */
function checkReceived(record: RecordView): void {
  try {
    checkHash(record);
  } catch (error) {
    throw isSkeinError(error, 'corrupt') ? new SkeinError('bad_record', error.message, {}, error) : error;
  }
}
