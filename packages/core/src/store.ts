import {
  formatPosition,
  LIMITS,
  samePosition,
  SkeinError,
  type Position,
  type RecordView,
  type Role,
} from '@skein/protocol';
import { Collection } from './collection.ts';
import type { StateListener, StoreState } from './condition.ts';
import type { Definitions } from './definitions/definitions.ts';
import type { Digests } from './digest/digests.ts';
import { DocumentReader } from './documents.ts';
import type { Facts } from './facts.ts';
import type { Indexes } from './indexes/indexes.ts';
import { leadingRefusal } from './leadership/fence.ts';
import { Leadership } from './leadership/leadership.ts';
import { withCorruptNamed } from './level/level.ts';
import { LogSizes } from './log/log-sizes.ts';
import type { LogReadLimits, LogSlice } from './log/read.ts';
import { removeTrimmed, storeTail, trimmableTail } from './log/trim.ts';
import { putWitness } from './log/witness.ts';
import { LostChanges } from './mesh/lost-changes.ts';
import { checkMergeable, type MergeChange } from './mesh/merge-change.ts';
import { MeshNumbers } from './mesh/mesh-numbers.ts';
import { readNote, writeNote } from './notes.ts';
import type { PublishListener } from './published.ts';
import { systemRandomness } from './random-bytes.ts';
import { loadContents, type Contents } from './reopen.ts';
import { listOf, putFixes, stillDue, type Fixes } from './repair/fixes.ts';
import { putMove, type Move } from './repair/move.ts';
import { scrub, type ScrubReport } from './scrub.ts';
import { loadSlots, saveSlots, type SlotTexts } from './slot-entries.ts';
import type { Snapshot } from './snapshot.ts';
import { StoreEngine, type EngineOptions } from './store-engine.ts';
import { checkContinuation, receivePage, type ReceivedPage } from './write/check-received.ts';
import type { MeshHost } from './write/decide-group.ts';
import { Load } from './write/load.ts';
import type { Committed, Operation, Transaction } from './write/operation.ts';
import type { WriteRequest } from './write/plan-group.ts';
import { walkRecords } from './write/walk-records.ts';
import { Writer, type Merged } from './write/writer.ts';

export interface StoreOptions extends EngineOptions {
  /** A store that is there may be of the other role: it has led since, or follows now. */
  readonly takesEitherRole?: boolean | undefined;
  readonly valueBytesMax?: number | undefined;
  /** Of a node of a mesh, and of no other. */
  readonly mesh?: MeshOptions | undefined;
}

/** What a store of a mesh needs beside its role. */
export interface MeshOptions extends Pick<MeshHost, 'keepsConflicts' | 'assertFits'> {
  /** Draws what no other draw has been: `[a-z0-9]{1,32}`. */
  readonly newIncarnation: () => string;
}

/**
 * Documents and their log on one abstract-level database. Every change is one atomic, synced batch with its log record;
 * one batch is in flight at a time; the first failed write poisons the store. All that is known of the log is in
 * `facts`, replaced in one place, after the batch that made it true.
 */
export class Store {
  readonly documents: DocumentReader;
  /** Who leads, as far as this store may say. */
  readonly leadership: Leadership;
  readonly #engine: StoreEngine;
  readonly #options: StoreOptions;
  readonly #writer: Writer;
  readonly #mesh: MeshHost | null;
  #isClosing = false;

  /** Opens the database, creates the store in it when it is empty, and verifies the log. */
  static async open(options: StoreOptions): Promise<Store> {
    try {
      await options.level.open();
      const contents = await loadContents(options.level, options);
      const { facts } = contents;
      if (!mayOpenAs(facts.identity.role, options)) {
        throw new SkeinError(
          'wrong_data',
          `the data directory belongs to a ${facts.identity.role}; a ${options.role} needs one of its own`,
        );
      }
      return new Store(options, contents);
    } catch (error) {
      await options.level.close();
      throw withCorruptNamed(error);
    }
  }

  private constructor(options: StoreOptions, contents: Contents) {
    const engine = new StoreEngine(options, contents, (transaction) => this.commit(transaction));
    const { clock, readerParts, defined } = engine;
    this.#engine = engine;
    this.#options = options;
    this.documents = new DocumentReader({ ...readerParts, isHidden: defined.definitions.isHidden, hot: engine.hot });
    this.#mesh = options.mesh === undefined ? null : meshHost(options.mesh);
    this.#writer = new Writer({
      level: readerParts.level,
      documents: new DocumentReader(readerParts),
      definitions: () => defined.definitions,
      clock,
      valueBytesMax: this.valueBytesMax,
      mesh: this.#mesh,
      now: () => engine.now,
      count: (collection) => engine.counts.get(collection),
      refusal: () => engine.condition.refusal() ?? leadingRefusal(engine.facts),
      reading: (read) => engine.reading(read),
      exclusive: (work) => engine.turns.take(work),
      isAwaited: () => engine.turns.areAwaited,
      stage: (record, existed, before) => {
        const page = { records: [record], changes: walkRecords([record]) };
        return engine.stage(before.facts.identity.log!, page, { existed, before });
      },
      isNext: (staged) => engine.isNext(staged),
      makeDurable: (staged, underWay) => engine.makeDurable(staged, underWay),
    });
    this.leadership = new Leadership({
      level: readerParts.level,
      facts: () => engine.facts,
      clock,
      randomness: options.randomness ?? systemRandomness,
      writing: (work) => engine.writing(work),
      guarded: (write) => engine.guarded(write),
      write: (record, role) => {
        this.#writer.forget();
        return engine.takeRole(record, role);
      },
      became: (changed) => engine.became(changed),
    });
  }

  /** For comparing this store with another. */
  get digests(): Digests {
    return this.#engine.digests;
  }

  get facts(): Facts {
    return this.#engine.facts;
  }

  /** Where the log ends once the batch in flight is known to be durable; readers may have seen what is in it. */
  get underWayTo(): number {
    return this.#engine.underWayTo;
  }

  /** What is asked of the documents of each collection. */
  get definitions(): Definitions {
    return this.#engine.defined.definitions;
  }

  get indexes(): Indexes {
    return this.#engine.defined.indexes;
  }

  get state(): StoreState {
    return this.#engine.condition.state;
  }

  /** Why the store is not ready, as a sentence. */
  get failure(): string | null {
    return this.#engine.condition.failure;
  }

  /** How often the store failed since it was opened, and how the last time. */
  get failures(): number {
    return this.#engine.condition.failures;
  }

  get lastFailure(): string | null {
    return this.#engine.condition.lastFailure;
  }

  /** Told of each state it comes to from now on, with why it is not ready; call the answer to stop, or say until when. */
  watch(listener: StateListener, until?: AbortSignal): () => void {
    return this.#engine.condition.watch(listener, until);
  }

  get valueBytesMax(): number {
    return this.#options.valueBytesMax ?? LIMITS.valueBytesMaxDefault;
  }

  collection(name: string): Collection {
    return new Collection(this, name);
  }

  /** All operations become visible together, durable, or not at all. */
  commit(transaction: Transaction): Promise<Committed> {
    return this.#accept(transaction);
  }

  /** Many changes acknowledged together, each for itself: a bulk load, or the next part of one. */
  load(operations: readonly Operation[], trace?: string, load = new Load()): Promise<Committed> {
    return this.#accept({ operations, trace, load });
  }

  /**
   * Merges what other nodes of the mesh have made: each is decided by its stamp, in a turn with this node's own writes, and
   * what is newer than what is here becomes a line of this log.
   */
  async merge(changes: readonly MergeChange[]): Promise<Merged> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    return this.#writer.merge(changes.map(checkMergeable));
  }

  /** What this node's own changes are numbered under now; null where it is of no mesh. */
  get incarnation(): string | null {
    return this.#mesh?.numbers.incarnation ?? null;
  }

  /**
   * A follower's write: the leader's records as they came, and with them the new position, in one batch. They must
   * continue this log; their hashes are checked here, before anything is stored, unless `receivePage` has done so.
   */
  async apply(log: string, page: readonly RecordView[] | ReceivedPage): Promise<Position> {
    this.#engine.assertFollower('a leader takes no records');
    const received = 'changes' in page ? page : receivePage(page);
    return this.#engine.writing(async () => {
      this.#engine.assertFollower('a leader takes no records');
      checkContinuation(this.#engine.facts, log, received);
      await this.#engine.write(await this.#engine.stage(log, received, { existed: null }));
      return this.#engine.facts.head;
    });
  }

  /** Records behind an offset, from memory when they are new; see `LogSlice`. */
  readLog(after: number, limits: LogReadLimits): Promise<LogSlice> {
    return this.#engine.reading(() => this.#engine.log.read(after, limits));
  }

  /** What the log holds at an offset; undefined when it holds nothing there. */
  async positionAt(offset: number): Promise<Position | undefined> {
    const { head } = this.#engine.facts;
    if (offset >= head.offset) return offset === head.offset ? head : undefined;
    return this.#engine.log.recentEnd(offset) ?? (await this.readLog(offset, { changesMax: 1, bytesMax: 1 })).held;
  }

  /** Where the log stands behind everything committed before a time; undefined when that is not known to be kept. */
  positionBefore(ms: number): Promise<Position | undefined> {
    return this.#engine.reading(() => this.#engine.log.positionBefore(ms));
  }

  /**
   * Reads that must agree with each other, and of nothing that is not durable. Close it soon: it holds back LevelDB's
   * cleaning up.
   */
  snapshot(): Promise<Snapshot> {
    return this.#engine.turns.take(() => this.#engine.reading(() => this.#engine.snapshotNow()));
  }

  /** Where the log ends once all that a reader may have seen until now is known to be durable. */
  headOfSeen(): Promise<Position> {
    return this.#engine.writing(async () => this.#engine.facts.head);
  }

  /** Collections and how many documents each has; counts nobody has kept are counted now. */
  async collections(): Promise<readonly { readonly name: string; readonly documents: number }[]> {
    const collections: { name: string; documents: number }[] = [];
    for (const name of this.#engine.counts.names()) {
      const documents = await this.count(name);
      if (documents > 0) collections.push({ name, documents });
    }
    return collections;
  }

  /** Resolves when the indexes are what the definitions name, or cannot be made so now. */
  indexed(): Promise<void> {
    return this.#engine.defined.indexed();
  }

  /** How many documents a collection has; counted now where nobody has kept that. */
  async count(collection: string): Promise<number> {
    const kept = this.#engine.counts.get(collection);
    return kept ?? (await this.#engine.reading(() => this.#engine.recounts.count(collection, this.#engine.counts)));
  }

  /** How many bytes the log's records have, and where it would have to begin to have no more than so many. */
  get logSizes(): Pick<LogSizes, 'bytes' | 'startWithin'> {
    return this.#engine.log.sizes;
  }

  /** What is kept of each follower beside the log: this node's own, seen by no other. */
  slots(): Promise<SlotTexts> {
    return this.#engine.reading(() => loadSlots(this.#engine.level));
  }

  /** Durable when it resolves; null drops a slot. */
  saveSlots(changed: ReadonlyMap<string, string | null>): Promise<void> {
    return this.#engine.writing(() =>
      this.#engine.guarded(() => saveSlots(this.#engine.level, changed, this.#engine.facts.head)),
    );
  }

  /** What this node has noted for itself beside the log: seen by no other, and not in another copy. */
  note(name: string): Promise<string | undefined> {
    return this.#engine.reading(() => readNote(this.#engine.level, name));
  }

  /** Durable when it resolves. */
  saveNote(name: string, text: string): Promise<void> {
    return this.#engine.writing(() =>
      this.#engine.guarded(() => writeNote(this.#engine.level, name, text, this.#engine.facts.head)),
    );
  }

  /**
   * Drops log records that lie wholly below `tailWanted`; documents stay. Answers the new tail. Others write first, and
   * meanwhile somebody may have come who needs more of the log: what is to stay is asked when its turn has come.
   */
  trim(tailWanted: number, keptFrom: () => number = () => Infinity): Promise<number> {
    return this.#engine.writing(async () => {
      const wanted = Math.min(tailWanted, keptFrom(), this.#engine.facts.head.offset);
      const tail = await this.#engine.reading(() => trimmableTail(this.#engine.level, this.#engine.facts.tail, wanted));
      if (tail === this.#engine.facts.tail) return tail;
      // LevelDB may lose a block of its own log without a word, which shows by the records that were in it.
      await this.#engine.emptyLevelLogUpTo(tail);
      await this.#engine.guarded(() => storeTail(this.#engine.level, tail, this.#engine.facts.head));
      this.#engine.became({ tail });
      this.#engine.log.trimmed(tail);
      await this.#engine.guarded(() => removeTrimmed(this.#engine.level, tail));
      return tail;
    });
  }

  /**
   * Takes over what another node has at a position this store has passed: what has changed since stays as it is. Answers
   * how many documents are other ones now.
   */
  repair(asOf: Position, fixes: Fixes): Promise<number> {
    return this.#engine.writing(async () => {
      const held = await this.positionAt(asOf.offset);
      if (held !== undefined && !samePosition(held, asOf))
        throw new SkeinError(
          'diverged',
          `a repair is of ${formatPosition(asOf)}, this log has ${formatPosition(held)}`,
        );
      const due = await this.#engine.reading(() =>
        stillDue(this.#engine.level, this.#engine.facts, asOf, listOf(fixes)),
      );
      if (due.length === 0) return 0;
      const batch = this.#engine.level.batch();
      putWitness(batch, this.#engine.facts.head);
      const deltas = putFixes(batch, due, this.#engine.counts);
      await this.#engine.amend(batch, deltas, this.#engine.facts);
      return due.length;
    });
  }

  /** Goes to another position of a history, in one step; see `Move`. */
  move(move: Move): Promise<void> {
    return this.#engine.writing(async () => {
      this.#engine.assertFollower('a leader is not moved');
      this.#engine.assertMayTakeOf(move);
      const batch = this.#engine.level.batch();
      const deltas = putFixes(batch, listOf(move.fixes), this.#engine.counts);
      const facts = await putMove(this.#engine.level, batch, move, this.#engine.facts);
      const sizes = new LogSizes();
      if (move.record !== null) sizes.note(move.record);
      await this.#engine.move(batch, deltas, facts, sizes);
    });
  }

  /** Moves all that LevelDB's own log holds into its tables: it is read and moved later as what it will be. */
  settle(): Promise<void> {
    return this.#engine.writing(() => this.#engine.emptyLevelLog());
  }

  /** Reads every document and record and proves each one, and the two against each other. Problems make it corrupt. */
  scrub(signal?: AbortSignal): Promise<ScrubReport> {
    return this.#engine.reading(async () => {
      const { facts, snapshot } = await this.#engine.turns.take(async () => {
        return { facts: this.#engine.facts, snapshot: this.#engine.level.snapshot() };
      });
      try {
        const report = await scrub({ level: this.#engine.level, facts, snapshot, signal });
        this.#engine.defined.distrust(report.untrueIndexes);
        if (report.problems.length > 0)
          this.#engine.condition.foundCorrupt(new SkeinError('corrupt', report.problems[0]));
        return report;
      } finally {
        await snapshot.close();
      }
    });
  }

  /**
   * Goes on as another store, which is no store of its own any more: its database, its log, its documents. `makeDurable`
   * is the step behind which a start opens that one; until it is done, this store is what it was. Reads that are under
   * way in the old database are refused as in a reopening.
   */
  async become(other: Store, makeDurable: () => Promise<void>): Promise<void> {
    await this.#engine.become(other.#engine, makeDurable);
  }

  /** Told of everything that becomes durable from now on; call the answer to stop, or say until when. */
  subscribe(listener: PublishListener, until?: AbortSignal): () => void {
    return this.#engine.listeners.add(listener, until);
  }

  /** Takes no more writes, answers those that are waiting, then closes. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#writer.drained();
    await this.#engine.close();
  }

  #refusal(): SkeinError | undefined {
    return this.#isClosing ? new SkeinError('stopping') : leadingRefusal(this.#engine.facts);
  }

  #accept(request: WriteRequest): Promise<Committed> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#writer.commit(request);
  }
}

function meshHost({ newIncarnation, keepsConflicts, assertFits }: MeshOptions): MeshHost {
  return { keepsConflicts, assertFits, numbers: new MeshNumbers(newIncarnation), lost: new LostChanges() };
}

/** A node of a mesh is nothing else by turns. */
function mayOpenAs(stored: Role, { role, takesEitherRole = false }: StoreOptions): boolean {
  return stored === role || (takesEitherRole && stored !== 'mesh' && role !== 'mesh');
}
