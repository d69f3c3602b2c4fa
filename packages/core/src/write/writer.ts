import type { Position, RecordView, SkeinError } from '@skein/protocol';
import type { MergeChange } from '../mesh/merge-change.ts';
import { buildRecord } from './build-record.ts';
import { GroupDecider, type Before, type DecidingHost } from './decide-group.ts';
import type { StagedPage } from './fill-batch.ts';
import type { Committed } from './operation.ts';
import type { CommittedOutcome, GroupPlan, MergeCounts, MergedOutcome, Outcome, WriteRequest } from './plan-group.ts';
import { RecentlyWritten } from './recently-written.ts';
import { replay } from './replay.ts';
import { WriteQueue, type Waiting } from './write-queue.ts';

/** What the writer needs of its store. */
export interface WriterHost extends DecidingHost {
  /** What a group goes on from while nothing is under way. */
  now(): Before;
  /** How many documents of a collection are stored; null where nobody has kept that. */
  count(collection: string): number | null;
  /** Why nothing may be written now, if so. */
  refusal(): SkeinError | undefined;
  /** Runs while no batch is in flight, and no other does until it is done. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Somebody waits for that. */
  isAwaited(): boolean;
  /** Puts a record into a batch, as of now or as of when what is under way is durable. */
  stage(record: RecordView, existed: readonly boolean[], before: Before): Promise<StagedPage>;
  /** Whether a staged page is still the one that comes next. */
  isNext(staged: StagedPage): boolean;
  /**
   * Writes a batch, synced, and makes its record the new head; a failure has poisoned the store when it rejects. Tells when
   * the batch is on its way, and answers what tells everybody of it, to be called before anything else is waited for.
   */
  makeDurable(staged: StagedPage, underWay: () => void): Promise<() => void>;
}

/** What became of changes of other nodes. It is durable. */
export interface Merged extends MergeCounts {
  readonly position: Position;
  /** How many have lost, or made others lose, that did not know of each other; each is counted once. */
  readonly conflicts: number;
}

/** In the queue, and of a group. */
type Request = Waiting<Committed | Merged>;

/** A group of which nothing is left to do but to write its batch, if it has one. */
interface Decided {
  readonly group: readonly Request[];
  readonly plan: GroupPlan;
  readonly staged: StagedPage | null;
}

/** The next group, and what it comes to if the one in flight becomes durable. */
interface Ahead {
  readonly group: readonly Request[];
  /** Undefined before that is known; null when it could not be. */
  decided: Decided | null | undefined;
  readonly deciding: Promise<void>;
}

/** Fewer would make groups so small that the disk is what everybody waits for. */
const HALVED_REQUESTS_MIN = 32;

/** What is left to do for a group that has been committed. */
interface LeftToDo {
  /** Tells everybody what is durable now: before anything else is waited for. */
  readonly tell: () => void;
  /** Tells its clients what became of it. */
  readonly answer: () => void;
}

type Act = () => void;

const NOTHING: Act = () => undefined;

/**
 * The single writer of a leader. It takes everything that waits, up to a bound, decides it as one group, writes one
 * synced batch, and then answers all of it; what arrives meanwhile is the next group. One batch in flight keeps the
 * order, and one sync serves many clients.
 *
 * While the disk has a batch, the next group is decided as if that were durable already, where this can be told; it is
 * decided anew when anything else came to be.
 */
export class Writer {
  readonly #host: WriterHost;
  readonly #recent: RecentlyWritten;
  readonly #decider: GroupDecider;
  readonly #queue = new WriteQueue<Committed | Merged>();
  #running: Promise<void> | null = null;
  /** What the disk has, until it is known what is decided behind it. */
  #inFlight: (Decided & { readonly staged: StagedPage }) | null = null;
  #ahead: Ahead | null = null;

  constructor(host: WriterHost) {
    this.#host = host;
    this.#recent = new RecentlyWritten((collection) => host.count(collection) === 0);
    this.#decider = new GroupDecider(host, this.#recent);
  }

  commit(request: WriteRequest): Promise<Committed> {
    return this.#enqueue(request) as Promise<Committed>;
  }

  merge(changes: readonly MergeChange[]): Promise<Merged> {
    return this.#enqueue({ operations: [], merges: changes }) as Promise<Merged>;
  }

  #enqueue(request: WriteRequest): Promise<Committed | Merged> {
    const refusal = this.#host.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const done = this.#queue.add(request);
    if (this.#queue.length > 0) this.#running ??= this.#run();
    this.#lookAhead();
    return done;
  }

  /** Somebody else may write documents here meanwhile: what was written last is not what is stored. */
  forget(): void {
    this.#recent.clear();
  }

  /** Resolves when everything accepted so far is answered. */
  async drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    let answer = NOTHING;
    while (this.#ahead !== null || this.#queue.length > 0) {
      const answerLast = once(answer);
      answer = await this.#host.exclusive(() => this.#commitOn(answerLast));
      answerLast();
    }
    answer();
    this.#queue.rest();
    this.#running = null;
  }

  /**
   * Commits a group, and each one behind it that is decided by then, as long as nobody else waits. The disk first: all that
   * is left to do for one is done while the disk works for the next.
   */
  async #commitOn(finishLast: Act): Promise<Act> {
    let finish = finishLast;
    for (;;) {
      const { tell, answer } = await this.#commitNext(finish);
      finish();
      if (!this.#isNextDecided || this.#host.isAwaited()) {
        tell();
        return answer;
      }
      finish = once(() => {
        tell();
        answer();
      });
    }
  }

  get #isNextDecided(): boolean {
    return (this.#ahead?.decided?.staged ?? null) !== null;
  }

  /** Never rejects: whatever happens, every request of the group has an answer then, or waits again. */
  async #commitNext(finishLast: Act): Promise<LeftToDo> {
    const ahead = await this.#decidedAhead(finishLast);
    let group = ahead?.group ?? this.#takeGroup();
    try {
      const refusal = this.#host.refusal();
      if (refusal !== undefined) throw refusal;
      const decided = ahead?.decided ?? (await this.#decide(group, this.#host.now(), finishLast));
      group = decided.group;
      this.#refuseLoads(decided);
      const tell = await this.#write(decided, finishLast);
      const { head } = this.#host.now().facts;
      return {
        tell: () => {
          tell();
          this.#noteWritten(decided.plan);
        },
        answer: () => {
          for (const [i, outcome] of decided.plan.outcomes.entries()) this.#answer(group[i]!, outcome, head);
        },
      };
    } catch (error) {
      finishLast();
      this.#recent.clear();
      this.#host.mesh?.numbers.beginAnew();
      for (const { request } of group) request.load?.refuse(error);
      return {
        tell: NOTHING,
        answer: () => {
          for (const { reject } of group) reject(error);
        },
      };
    }
  }

  /** Of many that come at once the second half is decided while the first is written, where that can be. */
  #takeGroup(): readonly Request[] {
    const next = this.#queue.nextGroup();
    const isHalved = this.#queue.isRested && next.length >= HALVED_REQUESTS_MIN && this.#arePlain(next);
    const group = isHalved ? next.slice(0, Math.ceil(next.length / 2)) : next;
    this.#queue.take(group);
    return group;
  }

  async #decide(group: readonly Request[], before: Before, onReading: () => void): Promise<Decided> {
    const requests = group.map(({ request }) => request);
    const plan = await this.#decider.decide(requests, before, onReading);
    const { lines, existed, outcomes } = plan;
    const { head, history } = before.facts;
    const source = { lines, offsetFirst: head.offset + 1, epoch: history.at(-1)!.epoch, hashBefore: head.hash };
    const staged = lines.length === 0 ? null : await this.#host.stage(buildRecord(source), existed, before);
    this.#queue.putBack(group.slice(outcomes.length), lines.length);
    return { group: group.slice(0, outcomes.length), plan, staged };
  }

  /** Decides what comes next while the disk has what comes before it, once that is as much. */
  #lookAhead(): void {
    const before = this.#inFlight;
    if (before === null || this.#queue.length < before.group.length) return;
    // Nothing else is looked at behind it.
    this.#inFlight = null;
    const group = this.#queue.nextGroup();
    if (!this.#arePlain(before.group) || !this.#arePlain(group)) return;
    this.#queue.take(group);
    const { facts, revision } = this.#host.now();
    const behind = { facts: { ...facts, ...before.staged.after.facts }, written: before.plan.written, revision };
    const deciding = this.#decide(group, behind, () => undefined);
    const ahead: Ahead = {
      group,
      decided: undefined,
      deciding: tellResult(deciding, (decided) => (ahead.decided = decided)),
    };
    this.#ahead = ahead;
  }

  /** The group that was looked at ahead; decided, unless that could not be done, or is not good any more. */
  async #decidedAhead(finishLast: Act): Promise<Pick<Ahead, 'group' | 'decided'> | null> {
    if (this.#ahead === null) return null;
    if (this.#ahead.decided === undefined) finishLast();
    await this.#ahead.deciding;
    const { decided } = this.#ahead;
    const { group } = decided ?? this.#ahead;
    this.#ahead = null;
    const staged = decided?.staged ?? null;
    if (staged === null) return { group, decided: null };
    const isGood = this.#host.refusal() === undefined && this.#host.isNext(staged);
    if (isGood) return { group, decided };
    finishLast();
    // It is of a database that may have been closed meanwhile.
    await staged.batch.close().catch(() => undefined);
    return { group, decided: null };
  }

  #arePlain(group: readonly Request[]): boolean {
    return this.#decider.arePlain(group.map(({ request }) => request));
  }

  async #write({ group, plan, staged }: Decided, finishLast: Act): Promise<Act> {
    if (staged === null) return NOTHING;
    try {
      return await this.#host.makeDurable(staged, () => {
        this.#inFlight = { group, plan, staged };
        finishLast();
        this.#lookAhead();
      });
    } finally {
      this.#inFlight = null;
    }
  }

  #refuseLoads({ group, plan }: Decided): void {
    for (const [i, outcome] of plan.outcomes.entries())
      if (outcome.kind === 'refused') group[i]!.request.load?.refuse(outcome.error);
  }

  #noteWritten({ outcomes }: GroupPlan): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'committed' || this.#host.mesh !== null) continue;
      for (const change of outcome.changes)
        this.#recent.note(change, { isThere: change.valueText !== undefined, wasThere: !change.created });
    }
  }

  /** The whole group is one record, so every offset in it has the hash of the head behind it. */
  #answer({ request, resolve, reject }: Request, outcome: Outcome, head: Position): void {
    switch (outcome.kind) {
      case 'refused':
        return reject(outcome.error);
      case 'committed':
        return resolve(committed(outcome, head, false));
      case 'repeats':
        return resolve(committed(outcome.first, head, true));
      case 'merged':
        return resolve(this.#merged(outcome, head));
      case 'replayed':
        this.#host.reading(() => replay(this.#host.level(), outcome.entry, request.operations)).then(resolve, reject);
    }
  }

  /** Where a change that was taken is in the log, one does not ask: all of them are before the head. */
  #merged({ counts, lost }: MergedOutcome, position: Position): Merged {
    return { ...counts, position, conflicts: this.#host.mesh!.lost.count(lost) };
  }
}

/** Tells what came of it, null when it failed; resolves then. */
async function tellResult<T>(made: Promise<T>, tell: (value: T | null) => void): Promise<void> {
  tell(await made.catch(() => null));
}

function once(act: Act): Act {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}

function committed({ offsetLast, changes }: CommittedOutcome, head: Position, replayed: boolean): Committed {
  return { position: { offset: offsetLast, epoch: head.epoch, hash: head.hash }, changes, replayed };
}
