import { LIMITS, SkeinError, type JsonValue, type RecordView } from '@skein/protocol';
import type { Clock } from '../clock.ts';
import type { DocumentReader } from '../documents.ts';
import type { Facts } from '../facts.ts';
import { idempotencyKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import { buildRecord } from './build-record.ts';
import { decodeEntry, type IdempotencyEntry } from './idempotency.ts';
import type { Committed } from './operation.ts';
import { planGroup, type GroupContext, type GroupPlan, type Outcome, type WriteRequest } from './plan-group.ts';
import { readState } from './read-state.ts';
import { replay } from './replay.ts';

/** What the writer needs of its store. */
export interface WriterHost {
  readonly level: Level;
  readonly documents: DocumentReader;
  readonly clock: Clock;
  readonly valueBytesMax: number;
  facts(): Facts;
  /** Why nothing may be written now, if so. */
  refusal(): SkeinError | undefined;
  /** Runs a read of what is stored; what it finds corrupt is the store's to know. */
  reading<T>(read: () => Promise<T>): Promise<T>;
  /** Runs while no batch is in flight, and no other does until it is done. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Writes records as one synced batch and makes them the new head; a failure has poisoned the store when it rejects. */
  write(records: readonly RecordView[], existed: readonly boolean[]): Promise<void>;
}

const GROUP_OPERATIONS_MAX = 1000;
const GROUP_BYTES_MAX = 1024 * 1024;
const QUEUE_REQUESTS_MAX = 10_000;
const QUEUE_BYTES_MAX = 64 * 1024 * 1024;

interface Waiting {
  readonly request: WriteRequest;
  readonly bytes: number;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** Tells the clients of a group what became of it. */
type Answers = () => void;

/**
 * The single writer of a leader. It takes everything that waits, up to a bound, decides it as one group, writes one
 * synced batch, and then answers all of it; what arrives meanwhile is the next group. One batch in flight keeps the
 * order, and one sync serves many clients.
 */
export class Writer {
  readonly #host: WriterHost;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** How many operations to take at once; fewer while each writes much, so that none is read only to be left again. */
  #groupOperations = GROUP_OPERATIONS_MAX;
  #running: Promise<void> | null = null;

  constructor(host: WriterHost) {
    this.#host = host;
  }

  commit(request: WriteRequest): Promise<Committed> {
    const refusal = this.#host.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const bytes = sizeOf(request);
    if (this.#waiting.length >= QUEUE_REQUESTS_MAX || this.#waitingBytes + bytes > QUEUE_BYTES_MAX) {
      return Promise.reject(new SkeinError('overloaded', 'too many writes are waiting', { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything accepted so far is answered. */
  async drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    let answer: Answers = () => undefined;
    while (this.#waiting.length > 0) {
      const turn = this.#host.exclusive(() => this.#commitGroup(this.#takeGroup()));
      // The disk first: clients are answered while the next group is on its way there.
      answer();
      answer = await turn;
    }
    answer();
    this.#running = null;
  }

  #takeGroup(): readonly Waiting[] {
    let operations = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      operations += waiting.request.operations.length;
      bytes += waiting.bytes;
      if (count > 0 && (operations > this.#groupOperations || bytes > GROUP_BYTES_MAX)) break;
      count++;
    }
    const group = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const waiting of group) this.#waitingBytes -= waiting.bytes;
    return group;
  }

  /** Never rejects: whatever happens, every request of the group has an answer then, or waits again. */
  async #commitGroup(group: readonly Waiting[]): Promise<Answers> {
    let answered = group;
    try {
      const refusal = this.#host.refusal();
      if (refusal !== undefined) throw refusal;
      const plan = await this.#plan(group.map(({ request }) => request));
      answered = group.slice(0, plan.outcomes.length);
      this.#putBack(group.slice(plan.outcomes.length), plan.lines.length);
      if (plan.lines.length > 0) await this.#write(plan);
      const answers: Promise<Committed>[] = [];
      for (const outcome of plan.outcomes) answers.push(this.#answer(outcome, answers));
      return () => {
        for (const [i, answer] of answers.entries()) answer.then(answered[i]!.resolve, answered[i]!.reject);
      };
    } catch (error) {
      return () => {
        for (const { reject } of answered) reject(error);
      };
    }
  }

  /** Requests that did not fit into the record are first in the next group. */
  #putBack(rest: readonly Waiting[], operationsPlanned: number): void {
    if (rest.length === 0) {
      this.#groupOperations = Math.min(GROUP_OPERATIONS_MAX, 2 * this.#groupOperations);
      return;
    }
    this.#groupOperations = operationsPlanned;
    this.#waiting = [...rest, ...this.#waiting];
    for (const waiting of rest) this.#waitingBytes += waiting.bytes;
  }

  async #plan(requests: readonly WriteRequest[]): Promise<GroupPlan> {
    const [current, idempotency] = await Promise.all([
      readState(this.#host.documents, requests),
      this.#readIdempotency(requests),
    ]);
    const { head, headTs, history, identity } = this.#host.facts();
    const context: GroupContext = {
      offsetFirst: head.offset + 1,
      epoch: history.at(-1)!.epoch,
      origin: identity.node,
      ts: Math.max(this.#host.clock.wall(), headTs ?? 0),
      valueBytesMax: this.#host.valueBytesMax,
      recordBytesWanted: GROUP_BYTES_MAX,
      current,
      idempotency: (digest) => idempotency.get(digest),
    };
    return planGroup(requests, context);
  }

  async #write(plan: GroupPlan): Promise<void> {
    const { head, history } = this.#host.facts();
    const record = buildRecord({
      lines: plan.lines,
      offsetFirst: head.offset + 1,
      epoch: history.at(-1)!.epoch,
      hashBefore: head.hash,
    });
    await this.#host.write([record], plan.existed);
  }

  async #answer(outcome: Outcome, earlier: readonly Promise<Committed>[]): Promise<Committed> {
    switch (outcome.kind) {
      case 'refused':
        throw outcome.error;
      case 'committed':
        // The whole group is one record, so every offset in it has that record's hash.
        return {
          position: { ...this.#host.facts().head, offset: outcome.offsetLast },
          changes: outcome.changes,
          replayed: false,
        };
      case 'replayed':
        return this.#host.reading(() => replay(this.#host.level, outcome.entry));
      case 'repeats':
        return { ...(await earlier[outcome.index]!), replayed: true };
    }
  }

  #readIdempotency(requests: readonly WriteRequest[]): Promise<ReadonlyMap<string, IdempotencyEntry>> {
    return this.#host.reading(() => this.#findIdempotency(requests));
  }

  async #findIdempotency(requests: readonly WriteRequest[]): Promise<ReadonlyMap<string, IdempotencyEntry>> {
    const digests = requests.flatMap(({ idempotency }) => (idempotency === undefined ? [] : [idempotency.keyDigest]));
    const entries = new Map<string, IdempotencyEntry>();
    if (digests.length === 0) return entries;
    const found = await this.#host.level.getMany(digests.map(idempotencyKey));
    for (const [i, sealed] of found.entries()) {
      if (sealed !== undefined) entries.set(digests[i]!, decodeEntry(digests[i]!, sealed));
    }
    return entries;
  }
}

/** What a request weighs in the queue: its values, and something for the rest. */
function sizeOf(request: WriteRequest): number {
  let bytes = 0;
  for (const operation of request.operations) {
    bytes += 200 + operation.key.length;
    if (operation.op === 'put') bytes += operation.valueText.length;
    else if (operation.op === 'append' || operation.op === 'prepend') bytes += operation.text.length;
    else if (operation.op === 'patch') bytes += sizeOfJson(operation.patch);
  }
  return Math.min(bytes, LIMITS.recordBytesMax);
}

/** About how long the JSON text of a value is, without making it. */
function sizeOfJson(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) size += sizeOfJson(item);
  else for (const [name, member] of Object.entries(value)) size += name.length + 4 + sizeOfJson(member);
  return size;
}
