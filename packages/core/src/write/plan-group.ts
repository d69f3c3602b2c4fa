import {
  DEFINITIONS,
  encodeLine,
  LIMITS,
  makeVersion,
  SkeinError,
  type Epoch,
  type JsonText,
  type JsonValue,
} from '@skein/protocol';
import type { WriteRules } from '../definitions/definitions.ts';
import { checkAgainst } from '../definitions/rules.ts';
import type { IndexedDocument } from '../indexes/index-spec.ts';
import { formatIdem, isExpired as isForgotten, type IdempotencyEntry } from './idempotency.ts';
import type { CommittedChange, Idempotency, Operation, Transaction } from './operation.ts';
import { planOperation, withIndex, type Current } from './plan-operation.ts';
import { UniqueFields, type DocumentChange, type StoredHolders } from './unique-fields.ts';

/** One request in the writer's queue. A load is many changes acknowledged together that need not be atomic. */
export interface WriteRequest extends Transaction {
  readonly isLoad?: boolean;
}

export interface CommittedOutcome {
  readonly kind: 'committed';
  readonly offsetLast: number;
  readonly changes: readonly CommittedChange[];
}

export type Outcome =
  | CommittedOutcome
  | { readonly kind: 'replayed'; readonly entry: IdempotencyEntry }
  /** The first request with this key is in this very group. */
  | { readonly kind: 'repeats'; readonly first: CommittedOutcome }
  | { readonly kind: 'refused'; readonly error: unknown };

export interface GroupPlan {
  /** The outcome of each request, in order; fewer than there are requests when these filled the record. */
  readonly outcomes: readonly Outcome[];
  /** The lines of the record, in offset order. */
  readonly lines: readonly string[];
  /** For each line, whether its document was there before it. */
  readonly existed: readonly boolean[];
  /** Fields of unique indexes that it had to take for nobody's: whose they are must be known before the plan is good. */
  readonly unknownHolders: ReadonlySet<string>;
}

export interface GroupContext {
  readonly offsetFirst: number;
  readonly epoch: Epoch;
  readonly origin: string;
  readonly ts: number;
  readonly valueBytesMax: number;
  /** The request whose lines pass this bound is the last one planned. */
  readonly recordBytesWanted: number;
  /** The documents the operations touch, as stored before the group. */
  readonly current: (collection: string, key: string) => Current | undefined;
  readonly idempotency: (keyDigest: string) => IdempotencyEntry | undefined;
  /** What is asked of documents of a collection; throws where nothing may be written now. */
  readonly rules: (collection: string) => WriteRules | undefined;
  readonly holders: StoredHolders;
}

/**
 * Decides a whole group commit: every request against the documents as the ones before it leave them, so conditions,
 * operators and idempotency keys are atomic however many clients write at once. A refused request leaves no trace.
 *
 * What requests ask for says little of what they write: a thousand appended letters can be a thousand documents of a
 * megabyte. So the record is measured as it grows, and what no longer fits is left for the next group.
 */
export function planGroup(requests: readonly WriteRequest[], context: GroupContext): GroupPlan {
  const planner = new GroupPlanner(context);
  const outcomes: Outcome[] = [];
  for (const request of requests) {
    if (planner.isFull) break;
    outcomes.push(planner.add(request));
  }
  return { outcomes, lines: planner.lines, existed: planner.existed, unknownHolders: planner.unique.unknown };
}

interface PlannedChange {
  readonly operation: Operation;
  readonly id: string;
  readonly valueText: JsonText | undefined;
  /** There, as the store counts. */
  readonly existed: boolean;
  /** There, as clients see it. */
  readonly wasSeen: boolean;
}

class GroupPlanner {
  readonly lines: string[] = [];
  readonly existed: boolean[] = [];
  readonly unique: UniqueFields;
  readonly #context: GroupContext;
  /** Documents as this group leaves them; undefined means deleted. */
  readonly #written = new Map<string, Current | undefined>();
  /** Idempotency keys first used in this group, and what for. */
  readonly #keysUsed = new Map<string, { readonly requestDigest: string; readonly first: CommittedOutcome }>();
  #bytes = 0;
  #isLast = false;

  constructor(context: GroupContext) {
    this.#context = context;
    this.unique = new UniqueFields(context.holders);
  }

  /** A definition is the last in its group: what is behind it is decided by what it says. */
  get isFull(): boolean {
    return this.#isLast || this.#bytes > this.#context.recordBytesWanted;
  }

  add(request: WriteRequest): Outcome {
    try {
      const repeat = this.#repeat(request.idempotency);
      if (repeat !== undefined) return repeat;
      const first = this.#accept(request, this.#plan(request));
      if (request.idempotency !== undefined) {
        const { keyDigest, requestDigest } = request.idempotency;
        this.#keysUsed.set(keyDigest, { requestDigest, first });
      }
      return first;
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  #repeat(idempotency: Idempotency | undefined): Outcome | undefined {
    if (idempotency === undefined) return undefined;
    const used = this.#keysUsed.get(idempotency.keyDigest);
    if (used !== undefined) {
      if (used.requestDigest !== idempotency.requestDigest) throw new SkeinError('idempotency_mismatch');
      return { kind: 'repeats', first: used.first };
    }
    const entry = this.#context.idempotency(idempotency.keyDigest);
    if (entry === undefined || isForgotten(entry, this.#context.ts)) return undefined;
    if (entry.requestDigest !== idempotency.requestDigest) throw new SkeinError('idempotency_mismatch');
    return { kind: 'replayed', entry };
  }

  /** Plans all operations of a request against its own effects, touching nothing the next request could see. */
  #plan({ operations }: WriteRequest): readonly PlannedChange[] {
    if (operations.length === 0) throw new SkeinError('bad_body', 'a transaction has at least one operation');
    const own = new Map<string, Current | undefined>();
    const changes: PlannedChange[] = [];
    let bytes = 0;
    for (const [index, operation] of operations.entries()) {
      const id = `${operation.collection}\0${operation.key}`;
      const current = own.has(id) ? own.get(id) : this.#find(operation, id);
      const { valueText, wasSeen } = withIndex(operations.length > 1 ? index : undefined, () =>
        this.#planOne(operation, current),
      );
      bytes += valueText?.length ?? 0;
      // One document may be as large as documents may be here.
      if (operations.length > 1 && bytes > LIMITS.transactionBytesMax)
        throw new SkeinError('too_large', `the transaction is over ${LIMITS.transactionBytesMax} bytes`);
      changes.push({ operation, id, valueText, existed: current !== undefined, wasSeen });
      const version = makeVersion(this.#nextOffset() + index, this.#context.epoch);
      own.set(id, valueText === undefined ? undefined : { version, ts: this.#context.ts, valueText: () => valueText });
    }
    this.unique.check(this.#changesOf(changes, own));
    return changes;
  }

  /** One operation, held to the rules of its collection. */
  #planOne(
    operation: Operation,
    current: Current | undefined,
  ): { readonly valueText: JsonText | undefined; readonly wasSeen: boolean } {
    const { ts, valueBytesMax } = this.#context;
    const rules = this.#context.rules(operation.collection);
    const isExpired = rules !== undefined && current !== undefined && rules.isExpired(() => documentOf(current), ts);
    const seen = isExpired ? undefined : current;
    const valueText = planOperation(
      operation,
      operation.op === 'expire' ? expiredOnly(isExpired, current) : seen,
      valueBytesMax,
    );
    if (rules !== undefined && valueText !== undefined) checkAgainst(rules.rules, valueText, ts);
    return { valueText, wasSeen: seen !== undefined };
  }

  /** What a request does to documents of collections with unique indexes, each once. */
  #changesOf(
    changes: readonly PlannedChange[],
    own: ReadonlyMap<string, Current | undefined>,
  ): readonly DocumentChange[] {
    const found = new Map<string, DocumentChange>();
    for (const [index, { operation, id }] of changes.entries()) {
      const unique = this.#context.rules(operation.collection)?.unique ?? [];
      if (unique.length === 0) continue;
      const [before, after] = [this.#find(operation, id), own.get(id)].map((one) => one && documentOf(one));
      const place = changes.length > 1 ? index : undefined;
      found.set(id, { unique, key: operation.key, before, after, operation: place });
    }
    return [...found.values()];
  }

  #accept(request: WriteRequest, changes: readonly PlannedChange[]): CommittedOutcome {
    const { epoch, ts, origin } = this.#context;
    const offsetLast = this.#nextOffset() + changes.length - 1;
    const tx = changes.length > 1 && request.isLoad !== true ? { tx: offsetLast } : {};
    const trace = request.trace === undefined ? {} : { trace: request.trace };
    this.unique.take();
    const committed = changes.map(({ operation, id, valueText, existed, wasSeen }, index): CommittedChange => {
      const { collection, key } = operation;
      const offset = this.#nextOffset();
      const idem = index === 0 && request.idempotency !== undefined ? { idem: formatIdem(request.idempotency) } : {};
      const line = encodeLine({ offset, ts, origin, ...tx, ...idem, ...trace, collection, key }, valueText);
      this.lines.push(line);
      this.#bytes += line.length;
      this.existed.push(existed);
      const version = makeVersion(offset, epoch);
      this.#written.set(id, valueText === undefined ? undefined : { version, ts, valueText: () => valueText });
      if (collection === DEFINITIONS) this.#isLast = true;
      return { collection, key, version, created: !wasSeen && valueText !== undefined, valueText };
    });
    return { kind: 'committed', offsetLast, changes: committed };
  }

  #find({ collection, key }: Operation, id: string): Current | undefined {
    return this.#written.has(id) ? this.#written.get(id) : this.#context.current(collection, key);
  }

  #nextOffset(): number {
    return this.#context.offsetFirst + this.lines.length;
  }
}

function documentOf({ ts, valueText }: Current): IndexedDocument {
  return { ts, value: JSON.parse(valueText()) as JsonValue };
}

/** What may be deleted for having expired: nothing else. */
function expiredOnly(isExpired: boolean, current: Current | undefined): Current | undefined {
  return isExpired ? current : undefined;
}
