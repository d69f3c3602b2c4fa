import {
  DEFINITIONS,
  formatPosition,
  LIMITS,
  samePosition,
  SkeinError,
  type Position,
  type RecordView,
  type Role,
} from '@skein/protocol';
import { Collection } from './collection.ts';
import { Condition, type StateListener, type StoreState } from './condition.ts';
import { Recounts, type CountBook, type CountDeltas } from './counts.ts';
import { systemClock, type Clock } from './clock.ts';
import { Defined } from './definitions/defined.ts';
import type { Definitions } from './definitions/definitions.ts';
import { Digests } from './digest/digests.ts';
import { DocumentReader } from './documents.ts';
import { putPromises, type Facts, type NewStore } from './facts.ts';
import { HotDocuments } from './hot-documents.ts';
import type { Indexes } from './indexes/indexes.ts';
import { emptyLog } from './level/classic.ts';
import { parseDocumentKey } from './level/layout.ts';
import { SYNCED, withCorruptNamed, type Level, type LevelBatch } from './level/level.ts';
import { Listeners } from './listeners.ts';
import { LogReader } from './log/log-reader.ts';
import { LogSizes } from './log/log-sizes.ts';
import type { LogReadLimits, LogSlice } from './log/read.ts';
import { assertMayTake, leadingRefusal } from './leadership/fence.ts';
import { Leadership } from './leadership/leadership.ts';
import { removeTrimmed, storeTail, trimmableTail } from './log/trim.ts';
import { listOf, putFixes, stillDue, type Fixes } from './repair/fixes.ts';
import { putMove, type Move } from './repair/move.ts';
import { putWitness } from './log/witness.ts';
import { readNote, writeNote } from './notes.ts';
import { RuleBook } from './definitions/rule-book.ts';
import { recover } from './recovery.ts';
import { loadContents, reopen, type Contents } from './reopen.ts';
import { scrub, type ScrubReport } from './scrub.ts';
import { loadSlots, saveSlots, type SlotTexts } from './slot-entries.ts';
import { LostChanges } from './mesh/lost-changes.ts';
import { checkMergeable, type MergeChange } from './mesh/merge-change.ts';
import { MeshNumbers } from './mesh/mesh-numbers.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { checkContinuation, receivePage, type ReceivedPage } from './write/check-received.ts';
import { fillBatch, preparePage, type EntriesOf } from './write/fill-batch.ts';
import type { Committed, Operation, Transaction } from './write/operation.ts';
import { Turns } from './turns.ts';
import { systemRandomness } from './random-bytes.ts';
import type { WriteRequest } from './write/plan-group.ts';
import { walkRecords } from './write/walk-records.ts';
import { Writer, type Merged, type MeshHost } from './write/writer.ts';

export interface StoreOptions extends NewStore {
  readonly level: Level;
  readonly clock?: Clock | undefined;
  /** A store that is there may be of the other role: it has led since, or follows now. */
  readonly takesEitherRole?: boolean | undefined;
  readonly valueBytesMax?: number | undefined;
  /** Of a node of a mesh, and of no other. */
  readonly mesh?: MeshOptions | undefined;
  /** Throws while there is no room to reopen the database in; see `probeSpace`. */
  readonly probe?: (() => Promise<void>) | undefined;
}

/** What a store of a mesh needs beside its role. */
export interface MeshOptions extends Pick<MeshHost, 'keepsConflicts' | 'assertFits'> {
  /** Draws what no other draw has been: `[a-z0-9]{1,32}`. */
  readonly newIncarnation: () => string;
}

/** What became durable: told to listeners once, in order, after the sync. */
export interface Published {
  readonly records: readonly RecordView[];
  readonly head: Position;
  /** How long the batch took to write and sync; zero when it was found again by a reopening. */
  readonly tookMs: number;
  /**
   * What is stored is not what the log made of what was there: the store is another copy, or was moved, or put right, also
   * where it stood. Nothing that was known of its content need be so any more.
   */
  readonly isAnew: boolean;
}

export type PublishListener = (published: Published) => void;

/**
 * Documents and their log on one abstract-level database. Every change is one atomic, synced batch with its log record;
 * one batch is in flight at a time; the first failed write poisons the store. All that is known of the log is in
 * `facts`, replaced in one place, after the batch that made it true.
 */
export class Store {
  readonly documents: DocumentReader;
  /** For comparing this store with another. */
  readonly digests: Digests;
  /** Who leads, as far as this store may say. */
  readonly leadership: Leadership;
  readonly #defined: Defined;
  readonly #options: StoreOptions;
  /** Another one once a copy has taken its place; see `become`. */
  #level: Level;
  readonly #clock: Clock;
  readonly #writer: Writer;
  readonly #mesh: MeshHost | null;
  readonly #log: LogReader;
  readonly #recounts: Recounts;
  readonly #hot = new HotDocuments();
  readonly #listeners = new Listeners<Published>();
  readonly #closing = new AbortController();
  readonly #condition = new Condition();
  #facts: Facts;
  /** With the epochs of the batch in flight: Level may show its documents before it has told that they are durable. */
  #historyForReading: Facts['history'];
  #underWayTo = 0;
  #counts: CountBook;
  /** What is so if a move whose outcome is unknown has come through. */
  #movingTo: Facts | null = null;
  /** LevelDB's own log holds nothing of the changes up to here. */
  #outOfLevelLog: number;
  readonly #turns = new Turns();
  #recovery: Promise<void> = Promise.resolve();
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
    const { facts, sizes, counts } = contents;
    this.#options = options;
    this.#level = options.level;
    this.#clock = options.clock ?? systemClock;
    this.#facts = facts;
    this.#counts = counts;
    const current = (): Level => this.#level;
    this.#log = new LogReader(current, () => this.#facts, sizes);
    this.#recounts = new Recounts(current, (work) => this.#turns.take(work));
    this.#historyForReading = facts.history;
    this.#outOfLevelLog = facts.head.offset;
    const reading = { level: current, history: () => this.#historyForReading, gate: this.#condition.gate };
    this.#defined = new Defined(
      {
        ...reading,
        clock: this.#clock,
        facts: () => this.#facts,
        commit: (transaction) => this.commit(transaction),
        exclusive: (work) => this.#turns.take(work),
        writing: (work) => this.#writing(work),
        reading: (read) => this.#reading(read),
        guarded: (write) => this.#guarded(write),
        settle: () => this.#emptyLevelLog(),
        snapshotNow: () => this.#reading(() => this.#snapshotNow()),
      },
      contents,
    );
    this.documents = new DocumentReader({ ...reading, isHidden: this.definitions.isHidden, hot: this.#hot });
    this.digests = new Digests(this.#condition.gate);
    this.#mesh = options.mesh === undefined ? null : meshHost(options.mesh);
    this.#writer = new Writer({
      mesh: this.#mesh,
      level: current,
      documents: new DocumentReader(reading),
      definitions: () => this.definitions,
      clock: this.#clock,
      valueBytesMax: options.valueBytesMax ?? LIMITS.valueBytesMaxDefault,
      facts: () => this.#facts,
      refusal: () => this.#condition.refusal() ?? leadingRefusal(this.#facts),
      reading: (read) => this.#reading(read),
      exclusive: (work) => this.#turns.take(work),
      write: (records, existed, underWay) => {
        const page = { records, changes: walkRecords(records) };
        return this.#write(this.#facts.identity.log!, page, existed, { underWay });
      },
    });
    this.leadership = new Leadership({
      level: current,
      facts: () => this.#facts,
      clock: this.#clock,
      randomness: options.randomness ?? systemRandomness,
      writing: (work) => this.#writing(work),
      guarded: (write) => this.#guarded(write),
      write: (record, role) => this.#takeRole(record, role),
      became: (changed) => (this.#facts = { ...this.#facts, ...changed }),
    });
  }

  get facts(): Facts {
    return this.#facts;
  }

  /** Where the log ends once the batch in flight is known to be durable; readers may have seen what is in it. */
  get underWayTo(): number {
    return Math.max(this.#underWayTo, this.#facts.head.offset);
  }

  /** What is asked of the documents of each collection. */
  get definitions(): Definitions {
    return this.#defined.definitions;
  }

  get indexes(): Indexes {
    return this.#defined.indexes;
  }

  get state(): StoreState {
    return this.#condition.state;
  }

  /** Why the store is not ready, as a sentence. */
  get failure(): string | null {
    return this.#condition.failure;
  }

  /** How often the store failed since it was opened, and how the last time. */
  get failures(): number {
    return this.#condition.failures;
  }

  get lastFailure(): string | null {
    return this.#condition.lastFailure;
  }

  /** Told of each state it comes to from now on, with why it is not ready; call the answer to stop, or say until when. */
  watch(listener: StateListener, until?: AbortSignal): () => void {
    return this.#condition.watch(listener, until);
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

  /** Many changes acknowledged together, each for itself: a bulk load. */
  load(operations: readonly Operation[], trace?: string): Promise<Committed> {
    return this.#accept({ operations, trace, isLoad: true });
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
    this.#assertFollower('a leader takes no records');
    const received = 'changes' in page ? page : receivePage(page);
    return this.#writing(async () => {
      this.#assertFollower('a leader takes no records');
      checkContinuation(this.#facts, log, received);
      await this.#write(log, received, null);
      return this.#facts.head;
    });
  }

  /** Records behind an offset, from memory when they are new; see `LogSlice`. */
  readLog(after: number, limits: LogReadLimits): Promise<LogSlice> {
    return this.#reading(() => this.#log.read(after, limits));
  }

  /** What the log holds at an offset; undefined when it holds nothing there. */
  async positionAt(offset: number): Promise<Position | undefined> {
    const { head } = this.#facts;
    if (offset >= head.offset) return offset === head.offset ? head : undefined;
    return this.#log.recentEnd(offset) ?? (await this.readLog(offset, { changesMax: 1, bytesMax: 1 })).held;
  }

  /** Where the log stands behind everything committed before a time; undefined when that is not known to be kept. */
  positionBefore(ms: number): Promise<Position | undefined> {
    return this.#reading(() => this.#log.positionBefore(ms));
  }

  /**
   * Reads that must agree with each other, and of nothing that is not durable. Close it soon: it holds back LevelDB's
   * cleaning up.
   */
  snapshot(): Promise<Snapshot> {
    return this.#turns.take(() => this.#reading(() => this.#snapshotNow()));
  }

  #snapshotNow(): Promise<Snapshot> {
    return openSnapshot(this.#level, { facts: this.#facts, counts: this.#counts, gate: this.#condition.gate });
  }

  /** Where the log ends once all that a reader may have seen until now is known to be durable. */
  headOfSeen(): Promise<Position> {
    return this.#writing(async () => this.#facts.head);
  }

  /** Collections and how many documents each has; counts nobody has kept are counted now. */
  async collections(): Promise<readonly { readonly name: string; readonly documents: number }[]> {
    const collections: { name: string; documents: number }[] = [];
    for (const name of this.#counts.names()) {
      const documents = await this.count(name);
      if (documents > 0) collections.push({ name, documents });
    }
    return collections;
  }

  /** Resolves when the indexes are what the definitions name, or cannot be made so now. */
  indexed(): Promise<void> {
    return this.#defined.indexed();
  }

  /** How many documents a collection has; counted now where nobody has kept that. */
  async count(collection: string): Promise<number> {
    const kept = this.#counts.get(collection);
    return kept ?? (await this.#reading(() => this.#recounts.count(collection, this.#counts)));
  }

  /** How many bytes the log's records have, and where it would have to begin to have no more than so many. */
  get logSizes(): Pick<LogSizes, 'bytes' | 'startWithin'> {
    return this.#log.sizes;
  }

  /** What is kept of each follower beside the log: this node's own, seen by no other. */
  slots(): Promise<SlotTexts> {
    return this.#reading(() => loadSlots(this.#level));
  }

  /** Durable when it resolves; null drops a slot. */
  saveSlots(changed: ReadonlyMap<string, string | null>): Promise<void> {
    return this.#writing(() => this.#guarded(() => saveSlots(this.#level, changed, this.#facts.head)));
  }

  /** What this node has noted for itself beside the log: seen by no other, and not in another copy. */
  note(name: string): Promise<string | undefined> {
    return this.#reading(() => readNote(this.#level, name));
  }

  /** Durable when it resolves. */
  saveNote(name: string, text: string): Promise<void> {
    return this.#writing(() => this.#guarded(() => writeNote(this.#level, name, text, this.#facts.head)));
  }

  /**
   * Drops log records that lie wholly below `tailWanted`; documents stay. Answers the new tail. Others write first, and
   * meanwhile somebody may have come who needs more of the log: what is to stay is asked when its turn has come.
   */
  trim(tailWanted: number, keptFrom: () => number = () => Infinity): Promise<number> {
    return this.#writing(async () => {
      const wanted = Math.min(tailWanted, keptFrom(), this.#facts.head.offset);
      const tail = await this.#reading(() => trimmableTail(this.#level, this.#facts.tail, wanted));
      if (tail === this.#facts.tail) return tail;
      // LevelDB may lose a block of its own log without a word, which shows by the records that were in it.
      if (tail > this.#outOfLevelLog) await this.#emptyLevelLog();
      await this.#guarded(() => storeTail(this.#level, tail, this.#facts.head));
      this.#facts = { ...this.#facts, tail };
      this.#log.trimmed(tail);
      await this.#guarded(() => removeTrimmed(this.#level, tail));
      return tail;
    });
  }

  /**
   * Takes over what another node has at a position this store has passed: what has changed since stays as it is. Answers
   * how many documents are other ones now.
   */
  repair(asOf: Position, fixes: Fixes): Promise<number> {
    return this.#writing(async () => {
      const held = await this.positionAt(asOf.offset);
      if (held !== undefined && !samePosition(held, asOf))
        throw new SkeinError(
          'diverged',
          `a repair is of ${formatPosition(asOf)}, this log has ${formatPosition(held)}`,
        );
      const due = await this.#reading(() => stillDue(this.#level, this.#facts, asOf, listOf(fixes)));
      if (due.length === 0) return 0;
      const batch = this.#level.batch();
      putWitness(batch, this.#facts.head);
      const deltas = putFixes(batch, due, this.#counts);
      await this.#amend(batch, deltas, this.#facts);
      return due.length;
    });
  }

  /** Goes to another position of a history, in one step; see `Move`. */
  move(move: Move): Promise<void> {
    return this.#writing(async () => {
      this.#assertFollower('a leader is not moved');
      this.#assertMayTakeOf(move);
      const batch = this.#level.batch();
      const deltas = putFixes(batch, listOf(move.fixes), this.#counts);
      const facts = await putMove(this.#level, batch, move, this.#facts);
      const sizes = new LogSizes();
      if (move.record !== null) sizes.note(move.record);
      this.#movingTo = facts;
      await this.#amend(batch, deltas, facts, sizes);
      this.#movingTo = null;
    });
  }

  /** Moves all that LevelDB's own log holds into its tables: it is read and moved later as what it will be. */
  settle(): Promise<void> {
    return this.#writing(() => this.#emptyLevelLog());
  }

  /** Reads every document and record and proves each one, and the two against each other. Problems make it corrupt. */
  scrub(signal?: AbortSignal): Promise<ScrubReport> {
    return this.#reading(async () => {
      const { facts, snapshot } = await this.#turns.take(async () => {
        return { facts: this.#facts, snapshot: this.#level.snapshot() };
      });
      try {
        const report = await scrub({ level: this.#level, facts, snapshot, signal });
        this.#defined.distrust(report.untrueIndexes);
        if (report.problems.length > 0) this.#condition.foundCorrupt(new SkeinError('corrupt', report.problems[0]));
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
    await this.#turns.take(async () => {
      if (this.state === 'closed') throw this.#condition.unreadable();
      await other.#turns.take(async () => {
        if (other.state !== 'ready') throw other.#condition.unreadable();
        // A store that is not to be believed may be that of a node that has led.
        if (this.state !== 'corrupt') this.#assertFollower('a leader is not replaced');
        this.#assertMayTakeOf(other.facts);
        // Of most of its documents it has no records.
        await other.#emptyLevelLog();
        await other.#promiseAs(this);
        await makeDurable();
        other.#condition.become('closed');
      });
      const former = this.#level;
      this.#level = other.#level;
      this.#take(other.#contents());
      this.#listeners.tell({ records: [], head: this.#facts.head, tookMs: 0, isAnew: true });
      // Of no use to anybody any more, whether it can be closed or not.
      await former.close().catch(() => undefined);
    });
  }

  /** Told of everything that becomes durable from now on; call the answer to stop, or say until when. */
  subscribe(listener: PublishListener, until?: AbortSignal): () => void {
    return this.#listeners.add(listener, until);
  }

  /** Takes no more writes, answers those that are waiting, then closes. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#writer.drained();
    this.#closing.abort();
    await this.#recovery;
    await this.#turns.take(async () => {
      // What cannot be moved now is where it was: in LevelDB's log, synced.
      if (this.state === 'ready') await emptyLog(this.#level).catch(() => undefined);
      await this.#level.close();
      this.#condition.become('closed');
    });
  }

  /** The only place where anything is written to the log, and the only one where the facts move on. */
  async #write(
    log: string,
    received: ReceivedPage,
    existed: readonly boolean[] | null,
    { underWay, role }: { readonly underWay?: () => void; readonly role?: Role } = {},
  ): Promise<void> {
    const { records } = received;
    const entriesOf: EntriesOf = (changes, known) => this.indexes.entriesOf(changes, known);
    const prepared = await this.#reading(() => preparePage(this.#level, log, received, { existed, entriesOf }));
    const page = role === undefined ? prepared : { ...prepared, role };
    const startedAt = this.#clock.now();
    const batch = this.#level.batch();
    const after = fillBatch(batch, page, this.#facts, this.#counts);
    this.#historyForReading = after.facts.history;
    this.#underWayTo = after.facts.head.offset;
    const written = this.#guarded(() => batch.write(SYNCED));
    underWay?.();
    await written;
    this.#facts = after.facts;
    this.#counts.apply(after.countDeltas);
    for (const { collection, levelKey } of received.changes)
      this.#hot.forget(collection, () => parseDocumentKey(levelKey).key);
    this.#defined.note(received.changes);
    this.#log.push(records);
    this.#listeners.tell({ records, head: after.facts.head, tookMs: this.#clock.now() - startedAt, isAnew: false });
  }

  /** A record of this node's own that nobody has asked for, with which it becomes a leader. */
  async #takeRole(record: RecordView, role: Role): Promise<void> {
    this.#writer.forget();
    await this.#write(this.#facts.identity.log!, { records: [record], changes: walkRecords([record]) }, null, { role });
  }

  /** A store that is to take the place of another keeps what that one has promised. */
  async #promiseAs({ facts: { promised } }: Store): Promise<void> {
    const batch = this.#level.batch();
    putPromises(batch, promised);
    await this.#guarded(() => batch.write(SYNCED));
    this.#facts = { ...this.#facts, promised };
  }

  /**
   * Writes documents past the log. Whoever knows something of the store has to look again. No record will tell of what
   * LevelDB may lose of its own log, so that is emptied: before, since records may go, and behind.
   */
  async #amend(batch: LevelBatch, deltas: CountDeltas, facts: Facts, log?: LogSizes): Promise<void> {
    await this.#emptyLevelLog();
    this.#historyForReading = facts.history;
    this.#defined.dropIndexes(batch, [...deltas.keys()]);
    await this.#guarded(() => batch.write(SYNCED));
    if (log !== undefined) this.#log.begin(log);
    this.#facts = facts;
    this.#counts.apply(deltas);
    this.digests.forget();
    this.#hot.clear();
    if (deltas.has(DEFINITIONS)) this.#defined.beginRules(await this.#reading(() => RuleBook.load(this.#level)));
    this.#listeners.tell({ records: [], head: facts.head, tookMs: 0, isAnew: true });
    await this.#emptyLevelLog();
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
    if (this.state !== 'ready') return;
    this.#condition.note(error);
    this.#condition.become('poisoned');
    const store = { probe: this.#options.probe, reopen: () => this.#turns.take(() => this.#reopen()) };
    const noteFailure = (failed: unknown): void => {
      // Another copy may have taken its place meanwhile, of which this says nothing.
      if (this.state !== 'ready') this.#condition.note(failed);
    };
    this.#recovery = recover(store, this.#clock, this.#closing.signal, noteFailure).then((result) => {
      if (result === 'corrupt') this.#condition.become('corrupt');
    });
  }

  /** A failed attempt leaves no trace but the state; it is made again. */
  async #reopen(): Promise<void> {
    // Another copy may have taken its place meanwhile.
    if (this.state === 'ready') return;
    this.#condition.assertNotCorrupt();
    this.#condition.become('recovering');
    const { found, ...contents } = await reopen(this.#level, this.#options, this.#facts, this.#movingTo);
    const { facts } = contents;
    this.#condition.assertNotCorrupt();
    this.#take(contents);
    this.#movingTo = null;
    // Whoever waits for a write that came through after all must learn of it now.
    if (found === 'moved') this.#listeners.tell({ records: [], head: facts.head, tookMs: 0, isAnew: true });
    else if (found.length > 0) this.#listeners.tell({ records: found, head: facts.head, tookMs: 0, isAnew: false });
  }

  /** From now on the store is what has just been read. */
  #take({ facts, counts, sizes, ...defined }: Contents): void {
    this.#facts = facts;
    this.#historyForReading = facts.history;
    this.#underWayTo = facts.head.offset;
    this.#outOfLevelLog = facts.head.offset;
    this.#counts = counts;
    this.#log.begin(sizes);
    this.#hot.clear();
    this.digests.forget();
    this.#condition.becomeReady();
    this.#defined.begin(defined);
  }

  #contents(): Contents {
    return { facts: this.#facts, counts: this.#counts, sizes: this.#log.sizes, ...this.#defined.contents };
  }

  async #emptyLevelLog(): Promise<void> {
    await this.#guarded(() => emptyLog(this.#level));
    this.#outOfLevelLog = this.#facts.head.offset;
  }

  /** It may have become another role while it waited for its turn. */
  #assertFollower(refusal: string): void {
    if (this.#facts.identity.role !== 'follower') throw new SkeinError('wrong_data', refusal);
  }

  /** The same that holds of records holds of what is had without them. */
  #assertMayTakeOf({ history }: Pick<Facts, 'history'>): void {
    const last = history.at(-1);
    if (last !== undefined) assertMayTake(this.#facts, last.epoch);
  }

  /** A turn for what writes: refused while nothing may be written. */
  #writing<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const refusal = this.#condition.refusal();
      if (refusal !== undefined) throw refusal;
      return work();
    });
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#condition.gate.assertOpen();
    try {
      return await read();
    } catch (error) {
      throw this.#condition.gate.failed(error);
    }
  }

  #refusal(): SkeinError | undefined {
    return this.#isClosing ? new SkeinError('stopping') : leadingRefusal(this.#facts);
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
