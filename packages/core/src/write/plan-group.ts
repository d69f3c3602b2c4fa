import {
  DEFINITIONS,
  encodeLine,
  LIMITS,
  makeVersion,
  SkeinError,
  type Epoch,
  type ChangeHead,
  type JsonText,
  type Version,
} from '@skein/protocol';
import { ByName, type DocumentName, type ReadonlyByName } from '../by-name.ts';
import type { WriteRules } from '../definitions/definitions.ts';
import { checkAgainst } from '../definitions/rules.ts';
import type { LostOf } from '../mesh/lost-changes.ts';
import type { MergeChange } from '../mesh/merge-change.ts';
import type { FindCurrent, LineMade, MeshPlanner, UnplacedLine } from '../mesh/plan-mesh.ts';
import { formatIdem, isExpired as isForgotten, type IdempotencyEntry } from './idempotency.ts';
import { LeftDocument } from './left-document.ts';
import type { Load } from './load.ts';
import type { CommittedChange, Idempotency, Operation, Transaction } from './operation.ts';
import { indexedOf, planOperation, withIndex, type Current } from './plan-operation.ts';
import { UniqueFields, type DocumentChange, type StoredHolders } from './unique-fields.ts';

/** One request in the writer's queue. What is of a load is acknowledged together, and need not be atomic. */
export interface WriteRequest extends Transaction {
  readonly load?: Load;
  /** What other nodes of the mesh have made, instead of operations; each is merged for itself. */
  readonly merges?: readonly MergeChange[];
}

export interface CommittedOutcome {
  readonly kind: 'committed';
  readonly offsetLast: number;
  readonly changes: readonly CommittedChange[];
}

export interface MergedOutcome {
  readonly kind: 'merged';
  readonly counts: MergeCounts;
  readonly lost: readonly LostOf[];
}

export interface MergeCounts {
  /** Newer than what was here: they are in the log now. */
  readonly taken: number;
  /** Here already. */
  readonly known: number;
  /** Older than what is here. */
  readonly passedOver: number;
}

export type Outcome =
  | CommittedOutcome
  | MergedOutcome
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
  /** The documents that it changes, as it leaves them. */
  readonly written: Written;
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
  /** The documents the operations touch, as they are before the group. */
  readonly current: (name: DocumentName) => Current | undefined;
  readonly idempotency: (keyDigest: string) => IdempotencyEntry | undefined;
  /** What is asked of documents of a collection; throws where nothing may be written now. */
  readonly rules: (collection: string) => WriteRules | undefined;
  readonly holders: StoredHolders;
  /** Null for a leader, whose changes have no stamps. */
  readonly mesh: MeshPlanner | null;
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
  const { lines, existed, written, unique } = planner;
  return { outcomes, lines, existed, written, unknownHolders: unique.unknown };
}

/** A line of a request, and what it finds. */
interface PlannedLine extends UnplacedLine {
  /** There, as the store counts. */
  readonly existed: boolean;
}

/** An operation of a request, and what it comes to. */
interface PlannedChange {
  readonly line: PlannedLine;
  readonly created: boolean;
  /** What goes with it. */
  readonly companions: readonly UnplacedLine[];
}

/** All that a request comes to: what it asks for, and behind that what goes with it. */
interface PlannedRequest {
  readonly changes: readonly PlannedChange[];
  readonly companions: readonly PlannedLine[];
}

/** Documents as something leaves them; undefined means deleted. */
export type Written = ReadonlyByName<Current | undefined>;
type Writing = ByName<Current | undefined>;

const NONE: readonly UnplacedLine[] = [];
const NO_CHANGES: readonly DocumentChange[] = [];

/** What all lines of a request say of it. */
type RequestHead = { readonly [Name in 'tx' | 'trace']?: ChangeHead[Name] | undefined };

class GroupPlanner {
  readonly lines: string[] = [];
  readonly existed: boolean[] = [];
  /** Documents as this group leaves them. */
  readonly written: Writing = new ByName();
  readonly unique: UniqueFields;
  readonly #context: GroupContext;
  readonly #madeHere: LineMade;
  /** Loads of which a request was refused in this group. */
  readonly #loadsRefused = new Map<Load, unknown>();
  /** Idempotency keys first used in this group, and what for. */
  readonly #keysUsed = new Map<string, { readonly requestDigest: string; readonly first: CommittedOutcome }>();
  #bytes = 0;
  #isLast = false;
  #lastRules: { readonly collection: string; readonly rules: WriteRules | undefined } | undefined;

  constructor(context: GroupContext) {
    this.#context = context;
    this.#madeHere = { ts: context.ts, origin: context.origin };
    this.unique = new UniqueFields(context.holders);
  }

  /** A definition is the last in its group: what is behind it is decided by what it says. */
  get isFull(): boolean {
    return this.#isLast || this.#bytes > this.#context.recordBytesWanted;
  }

  add(request: WriteRequest): Outcome {
    const mark = this.#context.mesh?.mark();
    try {
      if (request.merges !== undefined) return this.#merge(request.merges);
      this.#assertTaken(request.load);
      const repeat = this.#repeat(request.idempotency);
      if (repeat !== undefined) return repeat;
      const first = this.#accept(request, this.#plan(request));
      if (request.idempotency !== undefined) {
        const { keyDigest, requestDigest } = request.idempotency;
        this.#keysUsed.set(keyDigest, { requestDigest, first });
      }
      return first;
    } catch (error) {
      if (mark !== undefined) this.#context.mesh!.reset(mark);
      if (request.load !== undefined) this.#loadsRefused.set(request.load, error);
      return { kind: 'refused', error };
    }
  }

  #assertTaken(load: Load | undefined): void {
    if (load === undefined) return;
    load.assertNotRefused();
    if (this.#loadsRefused.has(load)) throw this.#loadsRefused.get(load);
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
  #plan({ operations }: WriteRequest): PlannedRequest {
    if (operations.length === 0) throw new SkeinError('bad_body', 'a transaction has at least one operation');
    const own: Writing = new ByName();
    const changes: PlannedChange[] = [];
    const companions: PlannedLine[] = [];
    let bytes = 0;
    for (const [index, operation] of operations.entries()) {
      const change = this.#planChange(own, operation, index, operations.length > 1);
      changes.push(change);
      bytes += change.line.valueText?.length ?? 0;
      // One document may be as large as documents may be here.
      if (operations.length > 1 && bytes > LIMITS.transactionBytesMax)
        throw new SkeinError('too_large', `the transaction is over ${LIMITS.transactionBytesMax} bytes`);
      for (const one of change.companions)
        companions.push(this.#leave(own, one, operations.length + companions.length));
    }
    this.unique.check(this.#changesOf(operations, own));
    return { changes, companions };
  }

  #planChange(own: Writing, operation: Operation, index: number, isOneOfMany: boolean): PlannedChange {
    const current = this.#find(own, operation);
    try {
      const { valueText, wasSeen } = this.#planOne(operation, current);
      const { line, companions } = this.#made(own, operation, valueText);
      const planned = placed(line, current !== undefined);
      own.set(operation, this.#leftBy(planned, this.#nextOffset() + index));
      return { line: planned, created: !wasSeen && valueText !== undefined, companions };
    } catch (error) {
      throw isOneOfMany ? withIndex(index, error) : error;
    }
  }

  /** Merges changes that other nodes have made: each is taken or not, by its stamp alone. */
  #merge(merges: readonly MergeChange[]): MergedOutcome {
    const { mesh } = this.#context;
    if (mesh === null) throw new SkeinError('wrong_data', 'this node is no node of a mesh');
    const own: Writing = new ByName();
    const lines: PlannedLine[] = [];
    const lost: LostOf[] = [];
    const counts = { take: 0, known: 0, older: 0 };
    for (const change of merges) {
      const merged = mesh.merge(change, this.#finder(own));
      counts[merged.kind]++;
      if (merged.lost !== null) lost.push(merged.lost);
      const written = merged.line === null ? merged.companions : [merged.line, ...merged.companions];
      for (const one of written) lines.push(this.#leave(own, one, lines.length));
    }
    for (const line of lines) this.#push(line, {});
    const { take: taken, known, older: passedOver } = counts;
    return { kind: 'merged', counts: { taken, known, passedOver }, lost };
  }

  /** What a change says of who made it, and what goes with it in a mesh. */
  #made(
    own: Writing,
    { collection, key, op }: Operation,
    valueText: JsonText | undefined,
  ): { readonly line: UnplacedLine; readonly companions: readonly UnplacedLine[] } {
    const { mesh } = this.#context;
    if (mesh !== null) return mesh.own({ collection, key, valueText }, op === 'expire', this.#finder(own));
    return { line: { collection, key, valueText, made: this.#madeHere, stamped: undefined }, companions: NONE };
  }

  /** What is behind a line finds the document as it leaves it. */
  #leave(own: Writing, line: UnplacedLine, index: number): PlannedLine {
    const planned = placed(line, this.#find(own, line) !== undefined);
    own.set(line, this.#leftBy(line, this.#nextOffset() + index));
    return planned;
  }

  /** One operation, held to the rules of its collection. */
  #planOne(
    operation: Operation,
    current: Current | undefined,
  ): { readonly valueText: JsonText | undefined; readonly wasSeen: boolean } {
    const { ts, valueBytesMax } = this.#context;
    const rules = this.#rulesOf(operation.collection);
    const isExpired = rules !== undefined && current !== undefined && rules.isExpired(() => indexedOf(current), ts);
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
  #changesOf(operations: readonly Operation[], own: Writing): readonly DocumentChange[] {
    const found = new ByName<DocumentChange>();
    for (const [index, operation] of operations.entries()) {
      const unique = this.#rulesOf(operation.collection)?.unique ?? [];
      if (unique.length === 0) continue;
      const [before, after] = [this.#find(null, operation), own.get(operation)].map((one) => one && indexedOf(one));
      const place = operations.length > 1 ? index : undefined;
      found.set(operation, { unique, key: operation.key, before, after, operation: place });
    }
    return found.size === 0 ? NO_CHANGES : Array.from(found, ({ value }) => value);
  }

  #accept(request: WriteRequest, { changes, companions }: PlannedRequest): CommittedOutcome {
    const offsetLast = this.#nextOffset() + changes.length + companions.length - 1;
    const isOne = offsetLast > this.#nextOffset() && request.load === undefined;
    const common = { tx: isOne ? offsetLast : undefined, trace: request.trace };
    const idem = request.idempotency === undefined ? undefined : formatIdem(request.idempotency);
    this.unique.take();
    const committed = changes.map(({ line, created }, index): CommittedChange => {
      const { collection, key, valueText } = line;
      const version = this.#push(line, common, index === 0 ? idem : undefined);
      return { collection, key, version, created, valueText };
    });
    // They stand behind all of the request, and time does not go back along a log.
    const ts = changes.at(-1)!.line.made.ts;
    for (const line of companions) this.#push({ ...line, made: { ...line.made, ts } }, common);
    return { kind: 'committed', offsetLast, changes: committed };
  }

  /** Gives a line its place. */
  #push(line: PlannedLine, { tx, trace }: RequestHead, idem?: string): Version {
    const { collection, key, valueText, existed, made } = line;
    const offset = this.#nextOffset();
    const { ts, origin, stamp, over } = made;
    const text = encodeLine({ offset, ts, origin, stamp, over, tx, idem, trace, collection, key }, valueText);
    this.lines.push(text);
    this.#bytes += text.length;
    this.existed.push(existed);
    this.written.set(line, this.#leftBy(line, offset));
    if (collection === DEFINITIONS) this.#isLast = true;
    return makeVersion(offset, this.#context.epoch);
  }

  #leftBy(line: UnplacedLine, offset: number): Current | undefined {
    return line.valueText === undefined ? undefined : new LeftDocument(line, offset, this.#context.epoch);
  }

  /** Most operations are of the collection of the one before. */
  #rulesOf(collection: string): WriteRules | undefined {
    if (this.#lastRules?.collection !== collection)
      this.#lastRules = { collection, rules: this.#context.rules(collection) };
    return this.#lastRules.rules;
  }

  #finder(own: Writing): FindCurrent {
    return (collection, key) => this.#find(own, { collection, key });
  }

  #find(own: Written | null, name: DocumentName): Current | undefined {
    if (own?.has(name) === true) return own.get(name);
    return this.written.has(name) ? this.written.get(name) : this.#context.current(name);
  }

  #nextOffset(): number {
    return this.#context.offsetFirst + this.lines.length;
  }
}

/** Field by field: spreading one costs as much as all else that is done for a change. */
function placed({ collection, key, valueText, made, stamped }: UnplacedLine, existed: boolean): PlannedLine {
  return { collection, key, valueText, made, stamped, existed };
}

/** What may be deleted for having expired: nothing else. */
function expiredOnly(isExpired: boolean, current: Current | undefined): Current | undefined {
  return isExpired ? current : undefined;
}
