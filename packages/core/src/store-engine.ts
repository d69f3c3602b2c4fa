import { DEFINITIONS, samePosition, SkeinError, type RecordView, type Role } from '@skein/protocol';
import { systemClock, type Clock } from './clock.ts';
import { Condition } from './condition.ts';
import { Recounts, type CountBook, type CountDeltas } from './counts.ts';
import { Defined } from './definitions/defined.ts';
import { RuleBook } from './definitions/rule-book.ts';
import { Digests } from './digest/digests.ts';
import type { ReaderParts } from './documents.ts';
import { putPromises, type Facts, type NewStore } from './facts.ts';
import { HotDocuments } from './hot-documents.ts';
import { assertMayTake } from './leadership/fence.ts';
import { emptyLog } from './level/classic.ts';
import { parseDocumentKey } from './level/layout.ts';
import { SYNCED, type Level, type LevelBatch } from './level/level.ts';
import { Listeners } from './listeners.ts';
import { LogReader } from './log/log-reader.ts';
import type { LogSizes } from './log/log-sizes.ts';
import type { Published } from './published.ts';
import { recover } from './recovery.ts';
import { reopen, type Contents } from './reopen.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { Turns } from './turns.ts';
import type { ReceivedPage } from './write/check-received.ts';
import { NOTHING_UNDER_WAY, type Before } from './write/decide-group.ts';
import { fillBatch, preparePage, putCounts, type EntriesOf, type StagedPage } from './write/fill-batch.ts';
import type { Committed, Transaction } from './write/operation.ts';
import { walkRecords } from './write/walk-records.ts';

export interface EngineOptions extends NewStore {
  readonly level: Level;
  readonly clock?: Clock | undefined;
  /** Throws while there is no room to reopen the database in; see `probeSpace`. */
  readonly probe?: (() => Promise<void>) | undefined;
}

interface StageOptions {
  /** For each change whether its document was there before; null when nobody has looked. */
  readonly existed: readonly boolean[] | null;
  /** The role the node takes on with it. */
  readonly role?: Role;
  /** What it goes on from, once all that is under way is durable. */
  readonly before?: Before;
}

/**
 * What a store is made of, and the few ways in which it changes: a batch with records, a batch past the log, other contents
 * that it goes on with, and a failed write, behind which all is read again. What is known of the log is in `facts`, replaced
 * here alone, after the batch that made it true.
 */
export class StoreEngine {
  readonly clock: Clock;
  readonly condition = new Condition();
  readonly turns = new Turns();
  readonly log: LogReader;
  readonly digests: Digests;
  readonly defined: Defined;
  readonly hot = new HotDocuments();
  readonly listeners = new Listeners<Published>();
  readonly recounts: Recounts;
  /** What reads of documents need. */
  readonly readerParts: Pick<ReaderParts, 'level' | 'history' | 'gate'>;
  readonly #options: EngineOptions;
  readonly #closing = new AbortController();
  /** Another one once a copy has taken its place; see `become`. */
  #level: Level;
  #facts: Facts;
  #counts: CountBook;
  /** With the epochs of the batch in flight: Level may show its documents before it has told that they are durable. */
  #historyForReading: Facts['history'];
  #underWayTo = 0;
  /** How often the store has become what no page has made it. */
  #renewals = 0;
  /** What is so if a move whose outcome is unknown has come through. */
  #movingTo: Facts | null = null;
  /** LevelDB's own log holds nothing of the changes up to here. */
  #outOfLevelLog: number;
  #recovery: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions, contents: Contents, commit: (transaction: Transaction) => Promise<Committed>) {
    const { facts, sizes, counts } = contents;
    this.#options = options;
    this.#level = options.level;
    this.clock = options.clock ?? systemClock;
    this.#facts = facts;
    this.#counts = counts;
    this.#historyForReading = facts.history;
    this.#outOfLevelLog = facts.head.offset;
    const level = (): Level => this.#level;
    this.log = new LogReader(level, () => this.#facts, sizes);
    this.recounts = new Recounts(level, (work) => this.turns.take(work));
    this.digests = new Digests(this.condition.gate);
    this.readerParts = { level, history: () => this.#historyForReading, gate: this.condition.gate };
    this.defined = new Defined(
      {
        ...this.readerParts,
        clock: this.clock,
        facts: () => this.#facts,
        commit,
        exclusive: (work) => this.turns.take(work),
        writing: (work) => this.writing(work),
        reading: (read) => this.reading(read),
        guarded: (write) => this.guarded(write),
        settle: () => this.emptyLevelLog(),
        snapshotNow: () => this.reading(() => this.snapshotNow()),
      },
      contents,
    );
  }

  get level(): Level {
    return this.#level;
  }

  get facts(): Facts {
    return this.#facts;
  }

  get counts(): CountBook {
    return this.#counts;
  }

  /** Where the log ends once the batch in flight is known to be durable; readers may have seen what is in it. */
  get underWayTo(): number {
    return Math.max(this.#underWayTo, this.#facts.head.offset);
  }

  /** What is so now that something beside the log is durable. */
  became(changed: Partial<Pick<Facts, 'identity' | 'promised' | 'rival' | 'tail'>>): void {
    this.#facts = { ...this.#facts, ...changed };
  }

  /** What a page goes on from while nothing is under way. */
  get now(): Before {
    return { facts: this.#facts, written: NOTHING_UNDER_WAY, revision: this.#revision };
  }

  /** Puts a page into a batch, as of now, or as of when the page before it is durable. */
  async stage(log: string, received: ReceivedPage, options: StageOptions): Promise<StagedPage> {
    const { existed, role, before = this.now } = options;
    const entriesOf: EntriesOf = (changes, known) => this.defined.indexes.entriesOf(changes, known, before.written);
    const prepared = await this.reading(() => preparePage(this.#level, log, received, { existed, entriesOf }));
    const page = role === undefined ? prepared : { ...prepared, role };
    const batch = this.#level.batch();
    const after = fillBatch(batch, page, before.facts);
    return { received, batch, after, behind: before.facts.head, revision: before.revision };
  }

  /** Whether a staged page is the one that comes next. */
  isNext({ behind, revision }: StagedPage): boolean {
    return revision === this.#revision && samePosition(behind, this.#facts.head);
  }

  get #revision(): number {
    return this.#renewals + this.defined.revision;
  }

  /** Writes a page, and tells everybody of it. */
  async write(staged: StagedPage): Promise<void> {
    const tell = await this.makeDurable(staged);
    tell();
  }

  /**
   * The only place where anything is written to the log, and the only one where the facts move on. Answers what tells
   * everybody, to be called before anything else is waited for: a batch that is ready can be on its way before.
   */
  async makeDurable({ received, batch, after }: StagedPage, underWay?: () => void): Promise<() => void> {
    const { records, changes } = received;
    const startedAt = this.clock.now();
    putCounts(batch, after.countDeltas, this.#counts);
    this.#historyForReading = after.facts.history;
    this.#underWayTo = after.facts.head.offset;
    const written = this.guarded(() => batch.write(SYNCED));
    underWay?.();
    await written;
    this.#facts = { ...this.#facts, ...after.facts };
    this.#counts.apply(after.countDeltas);
    for (const { collection, levelKey } of changes) this.hot.forget(collection, () => parseDocumentKey(levelKey).key);
    this.defined.note(changes);
    this.log.push(records);
    const tookMs = this.clock.now() - startedAt;
    return () => this.listeners.tell({ records, head: after.facts.head, tookMs, isAnew: false });
  }

  /** A record of this node's own that nobody has asked for, with which it becomes a leader. */
  async takeRole(record: RecordView, role: Role): Promise<void> {
    const page = { records: [record], changes: walkRecords([record]) };
    await this.write(await this.stage(this.#facts.identity.log!, page, { existed: null, role }));
  }

  /** A store that is to take the place of another keeps what that one has promised. */
  async #promiseAs({ promised }: Pick<Facts, 'promised'>): Promise<void> {
    const batch = this.#level.batch();
    putPromises(batch, promised);
    await this.guarded(() => batch.write(SYNCED));
    this.#facts = { ...this.#facts, promised };
  }

  /**
   * Writes documents past the log. Whoever knows something of the store has to look again. No record will tell of what
   * LevelDB may lose of its own log, so that is emptied: before, since records may go, and behind.
   */
  async amend(batch: LevelBatch, deltas: CountDeltas, facts: Facts, log?: LogSizes): Promise<void> {
    await this.emptyLevelLog();
    this.#historyForReading = facts.history;
    this.defined.dropIndexes(batch, [...deltas.keys()]);
    await this.guarded(() => batch.write(SYNCED));
    if (log !== undefined) this.log.begin(log);
    this.#renewals++;
    this.#facts = facts;
    this.#counts.apply(deltas);
    this.digests.forget();
    this.hot.clear();
    if (deltas.has(DEFINITIONS)) this.defined.beginRules(await this.reading(() => RuleBook.load(this.#level)));
    this.listeners.tell({ records: [], head: facts.head, tookMs: 0, isAnew: true });
    await this.emptyLevelLog();
  }

  /** Runs a write; its failure poisons the store and leaves the outcome unknown until the log has been read again. */
  async guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#poison(error);
      throw new SkeinError('outcome_unknown', undefined, {}, error);
    }
  }

  #poison(error: unknown): void {
    if (this.condition.state !== 'ready') return;
    this.condition.note(error);
    this.condition.become('poisoned');
    const store = { probe: this.#options.probe, reopen: () => this.turns.take(() => this.#reopen()) };
    const noteFailure = (failed: unknown): void => {
      // Another copy may have taken its place meanwhile, of which this says nothing.
      if (this.condition.state !== 'ready') this.condition.note(failed);
    };
    this.#recovery = recover(store, this.clock, this.#closing.signal, noteFailure).then((result) => {
      if (result === 'corrupt') this.condition.become('corrupt');
    });
  }

  /** A failed attempt leaves no trace but the state; it is made again. */
  async #reopen(): Promise<void> {
    // Another copy may have taken its place meanwhile.
    if (this.condition.state === 'ready') return;
    this.condition.assertNotCorrupt();
    this.condition.become('recovering');
    const { found, ...contents } = await reopen(this.#level, this.#options, this.#facts, this.#movingTo);
    const { facts } = contents;
    this.condition.assertNotCorrupt();
    this.#take(contents);
    this.#movingTo = null;
    // Whoever waits for a write that came through after all must learn of it now.
    if (found === 'moved') this.listeners.tell({ records: [], head: facts.head, tookMs: 0, isAnew: true });
    else if (found.length > 0) this.listeners.tell({ records: found, head: facts.head, tookMs: 0, isAnew: false });
  }

  /** From now on the store is what has just been read. */
  #take({ facts, counts, sizes, ...defined }: Contents): void {
    this.#renewals++;
    this.#facts = facts;
    this.#historyForReading = facts.history;
    this.#underWayTo = facts.head.offset;
    this.#outOfLevelLog = facts.head.offset;
    this.#counts = counts;
    this.log.begin(sizes);
    this.hot.clear();
    this.digests.forget();
    this.condition.becomeReady();
    this.defined.begin(defined);
  }

  #contents(): Contents {
    return { facts: this.#facts, counts: this.#counts, sizes: this.log.sizes, ...this.defined.contents };
  }

  async emptyLevelLog(): Promise<void> {
    await this.guarded(() => emptyLog(this.#level));
    this.#outOfLevelLog = this.#facts.head.offset;
  }

  /** A turn for what writes: refused while nothing may be written. */
  writing<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(async () => {
      const refusal = this.condition.refusal();
      if (refusal !== undefined) throw refusal;
      return work();
    });
  }

  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.condition.gate.assertOpen();
    try {
      return await read();
    } catch (error) {
      throw this.condition.gate.failed(error);
    }
  }

  snapshotNow(): Promise<Snapshot> {
    return openSnapshot(this.#level, { facts: this.#facts, counts: this.#counts, gate: this.condition.gate });
  }

  /** It may have become another role while it waited for its turn. */
  assertFollower(refusal: string): void {
    if (this.#facts.identity.role !== 'follower') throw new SkeinError('wrong_data', refusal);
  }

  /** The same that holds of records holds of what is had without them. */
  assertMayTakeOf({ history }: Pick<Facts, 'history'>): void {
    const last = history.at(-1);
    if (last !== undefined) assertMayTake(this.#facts, last.epoch);
  }

  /** Goes to another position, of which nothing is known before it is there. */
  async move(batch: LevelBatch, deltas: CountDeltas, facts: Facts, sizes: LogSizes): Promise<void> {
    this.#movingTo = facts;
    await this.amend(batch, deltas, facts, sizes);
    this.#movingTo = null;
  }

  /**
   * Goes on with all that another has, which has nothing any more. `makeDurable` is the step behind which a start opens what
   * that one has; until it is done, this is what it was.
   */
  async become(other: StoreEngine, makeDurable: () => Promise<void>): Promise<void> {
    await this.turns.take(async () => {
      if (this.condition.state === 'closed') throw this.condition.unreadable();
      await other.turns.take(async () => {
        if (other.condition.state !== 'ready') throw other.condition.unreadable();
        // A store that is not to be believed may be that of a node that has led.
        if (this.condition.state !== 'corrupt') this.assertFollower('a leader is not replaced');
        this.assertMayTakeOf(other.facts);
        // Of most of its documents it has no records.
        await other.emptyLevelLog();
        await other.#promiseAs(this.#facts);
        await makeDurable();
        other.condition.become('closed');
      });
      const former = this.#level;
      this.#level = other.#level;
      this.#take(other.#contents());
      this.listeners.tell({ records: [], head: this.#facts.head, tookMs: 0, isAnew: true });
      // Of no use to anybody any more, whether it can be closed or not.
      await former.close().catch(() => undefined);
    });
  }

  /** Has LevelDB's own log hold nothing up to an offset. */
  async emptyLevelLogUpTo(offset: number): Promise<void> {
    if (offset > this.#outOfLevelLog) await this.emptyLevelLog();
  }

  /** Behind whatever is in its turn; nothing is tried again from now on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#recovery;
    await this.turns.take(async () => {
      // What cannot be moved now is where it was: in LevelDB's log, synced.
      if (this.condition.state === 'ready') await emptyLog(this.#level).catch(() => undefined);
      await this.#level.close();
      this.condition.become('closed');
    });
  }
}
