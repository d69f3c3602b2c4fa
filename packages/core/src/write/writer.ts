import type { Position, RecordView, SkeinError } from '@skein/protocol';
import type { Clock } from '../clock.ts';
import type { DocumentReader } from '../documents.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Facts } from '../facts.ts';
import { readHolders } from '../indexes/read-holders.ts';
import { idempotencyKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { LostChanges } from '../mesh/lost-changes.ts';
import type { MergeChange } from '../mesh/merge-change.ts';
import type { MeshNumbers } from '../mesh/mesh-numbers.ts';
import { MeshPlanner, type MeshContext } from '../mesh/plan-mesh.ts';
import { Stamps } from '../mesh/stamps.ts';
import { buildRecord } from './build-record.ts';
import { decodeEntry, type IdempotencyEntry } from './idempotency.ts';
import type { Committed } from './operation.ts';
import {
  planGroup,
  type CommittedOutcome,
  type GroupContext,
  type GroupPlan,
  type MergeCounts,
  type MergedOutcome,
  type Outcome,
  type WriteRequest,
} from './plan-group.ts';
import { idOf, planMeshReads, planReads, readState } from './read-state.ts';
import { RecentlyWritten } from './recently-written.ts';
import { replay } from './replay.ts';
import { GROUP_BYTES_MAX, WriteQueue, type Waiting } from './write-queue.ts';

/** What the writer needs of its store. */
export interface WriterHost {
  level(): Level;
  /** All that are there, the expired ones too. */
  readonly documents: DocumentReader;
  definitions(): Pick<Definitions, 'looksBack' | 'ofWrites'>;
  readonly clock: Clock;
  readonly valueBytesMax: number;
  facts(): Facts;
  /** Why nothing may be written now, if so. */
  refusal(): SkeinError | undefined;
  /** What the changes of a node of a mesh are stamped with; null for a leader. */
  readonly mesh: MeshHost | null;
  /** Runs a read of what is stored; what it finds corrupt is the store's to know. */
  reading<T>(read: () => Promise<T>): Promise<T>;
  /** Runs while no batch is in flight, and no other does until it is done. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Writes records as one synced batch and makes them the new head; a failure has poisoned the store when it rejects.
   * Tells when the batch is on its way.
   */
  write(records: readonly RecordView[], existed: readonly boolean[], underWay: () => void): Promise<void>;
}

/** What a store does for its mesh. */
export interface MeshHost extends Pick<MeshContext, 'keepsConflicts' | 'assertFits'> {
  readonly numbers: MeshNumbers;
  readonly lost: LostChanges;
}

/** What became of changes of other nodes. It is durable. */
export interface Merged extends MergeCounts {
  readonly position: Position;
  /** How many have lost, or made others lose, that did not know of each other; each is counted once. */
  readonly conflicts: number;
}

/** In the queue, and of a group. */
type Request = Waiting<Committed | Merged>;

/** Tells the clients of a group what became of it. */
type Answers = () => void;

/**
 * The single writer of a leader. It takes everything that waits, up to a bound, decides it as one group, writes one
 * synced batch, and then answers all of it; what arrives meanwhile is the next group. One batch in flight keeps the
 * order, and one sync serves many clients.
 */
export class Writer {
  readonly #host: WriterHost;
  readonly #recent = new RecentlyWritten();
  readonly #queue = new WriteQueue<Committed | Merged>();
  #running: Promise<void> | null = null;

  constructor(host: WriterHost) {
    this.#host = host;
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
    if (!this.#queue.isEmpty) this.#running ??= this.#run();
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
    let answer: Answers = () => undefined;
    while (!this.#queue.isEmpty) {
      const answerLast = once(answer);
      // The disk first: clients are answered while it works for the next group.
      answer = await this.#host.exclusive(() => this.#commitGroup(this.#queue.takeGroup(), answerLast));
      answerLast();
    }
    answer();
    this.#queue.rest();
    this.#running = null;
  }

  /** Never rejects: whatever happens, every request of the group has an answer then, or waits again. */
  async #commitGroup(group: readonly Request[], underWay: () => void): Promise<Answers> {
    let answered = group;
    try {
      const refusal = this.#host.refusal();
      if (refusal !== undefined) throw refusal;
      const requests = group.map(({ request }) => request);
      const plan = await this.#plan(requests, underWay);
      answered = group.slice(0, plan.outcomes.length);
      this.#queue.putBack(group.slice(plan.outcomes.length), plan.lines.length);
      if (plan.lines.length > 0) await this.#write(plan, underWay);
      this.#noteWritten(plan);
      const { head } = this.#host.facts();
      return () => {
        for (const [i, outcome] of plan.outcomes.entries()) this.#answer(answered[i]!, outcome, head);
      };
    } catch (error) {
      this.#recent.clear();
      this.#host.mesh?.numbers.beginAnew();
      return () => {
        for (const { reject } of answered) reject(error);
      };
    }
  }

  async #plan(requests: readonly WriteRequest[], underWay: () => void): Promise<GroupPlan> {
    const definitions = this.#host.definitions();
    const { mesh } = this.#host;
    const reads =
      mesh === null
        ? planReads(requests, this.#recent, (collection) => definitions.looksBack(collection))
        : planMeshReads(requests, mesh.keepsConflicts);
    const digests = requests.flatMap(({ idempotency }) => (idempotency === undefined ? [] : [idempotency.keyDigest]));
    const reading = Promise.all([readState(this.#host.documents, reads), this.#readIdempotency(digests)]);
    if (reads.looked.size + reads.read.size + digests.length > 0) underWay();
    const [current, idempotency] = await reading;
    const { head, headTs, history, identity } = this.#host.facts();
    const holders = new Map<string, readonly string[]>();
    const wallMs = this.#host.clock.wall();
    const context: Omit<GroupContext, 'mesh'> = {
      offsetFirst: head.offset + 1,
      epoch: history.at(-1)!.epoch,
      origin: identity.node,
      ts: Math.max(wallMs, headTs ?? 0),
      valueBytesMax: this.#host.valueBytesMax,
      recordBytesWanted: GROUP_BYTES_MAX,
      current,
      idempotency: (digest) => idempotency.get(digest),
      rules: (collection) => definitions.ofWrites(collection),
      holders: (fields) => holders.get(fields),
    };
    for (;;) {
      const planner = this.#meshPlanner(wallMs);
      const plan = planGroup(requests, { ...context, mesh: planner });
      if (plan.unknownHolders.size === 0) {
        if (planner !== null) mesh?.numbers.advance(planner.given);
        return plan;
      }
      // Which fields of unique indexes a group needs shows only as it is planned; then it is planned again.
      for (const [fields, keys] of await this.#readHolders(plan.unknownHolders)) holders.set(fields, keys);
    }
  }

  #meshPlanner(wallMs: number): MeshPlanner | null {
    const { mesh } = this.#host;
    if (mesh === null) return null;
    const { identity, headTs } = this.#host.facts();
    const { incarnation, seqNext, ownMs } = mesh.numbers;
    const stamps = new Stamps({ node: identity.node, incarnation, seqNext, ownMs, wallMs, lastMs: headTs ?? 0 });
    const { keepsConflicts, assertFits } = mesh;
    return new MeshPlanner({ node: identity.node, keepsConflicts, assertFits, stamps });
  }

  #readHolders(fields: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#host.reading(() => readHolders(this.#host.level(), fields));
  }

  async #write(plan: GroupPlan, underWay: () => void): Promise<void> {
    const { head, history } = this.#host.facts();
    const record = buildRecord({
      lines: plan.lines,
      offsetFirst: head.offset + 1,
      epoch: history.at(-1)!.epoch,
      hashBefore: head.hash,
    });
    await this.#host.write([record], plan.existed, underWay);
  }

  #noteWritten({ outcomes }: GroupPlan): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'committed' || this.#host.mesh !== null) continue;
      for (const change of outcome.changes)
        this.#recent.note(idOf(change), { isThere: change.valueText !== undefined, wasThere: !change.created });
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

  #readIdempotency(digests: readonly string[]): Promise<ReadonlyMap<string, IdempotencyEntry>> {
    return this.#host.reading(async () => {
      const entries = new Map<string, IdempotencyEntry>();
      const found = digests.length === 0 ? [] : await this.#host.level().getMany(digests.map(idempotencyKey));
      for (const [i, sealed] of found.entries()) {
        if (sealed !== undefined) entries.set(digests[i]!, decodeEntry(digests[i]!, sealed));
      }
      return entries;
    });
  }
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}

function committed({ offsetLast, changes }: CommittedOutcome, head: Position, replayed: boolean): Committed {
  return { position: { ...head, offset: offsetLast }, changes, replayed };
}
