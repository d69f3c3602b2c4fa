import { formatPosition, LIMITS, samePosition, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';
import { nameOf } from './compare-documents.ts';
import type { LedgerEntry } from './known-log.ts';
import { LedgerReader, type Ledger } from './ledger.ts';
import { WriteBook } from './write-book.ts';

const KEPT_MS = LIMITS.idempotencyHoursKept * 3600 * 1000;

/**
 * A write with an idempotency key happens once in a history, however often it is sent; one without at most as often as it was sent.
 * Whoever is told that it is written is told where it is. A key holds for 24 hours of log time; what comes after that
 * counts as new.
 */
export class Idempotency implements Checker {
  readonly name = 'idempotency (D7, INV-07)';
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;
  readonly #book = new WriteBook();
  readonly #keys = new Map<string, LedgerEntry[]>();
  /** What each trace has left, on whatever branch. */
  readonly #written = new Map<string, LedgerEntry[]>();
  readonly #acked = new Map<number, Position>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#reader = new LedgerReader(ledger);
  }

  observe(event: TimedEvent): void {
    this.#book.observe(event);
    switch (event.kind) {
      case 'started':
      case 'published':
        for (const entry of this.#reader.unread()) this.#add(entry);
        break;
      case 'write-failed':
        this.#recount(event.id);
        break;
      case 'write-acked':
        this.#acknowledge(event.id, event.position);
        break;
      default:
    }
  }

  #add(entry: LedgerEntry): void {
    const digest = entry.change.idem?.split('.', 1)[0];
    if (digest !== undefined) {
      const before = this.#keys.get(digest) ?? [];
      const same = before.find((each) => this.#isBefore(each, entry));
      if (same !== undefined) throw this.#violation(`${entry.offset} is of the same idempotency key as ${same.offset}`);
      this.#keys.set(digest, [...before, entry]);
    }
    const trace = this.#book.traceOf(entry);
    this.#written.set(trace, [...(this.#written.get(trace) ?? []), entry]);
    this.#checkCount(trace);
  }

  /** Whether one is in the history that leads to another, and not so long before it that it is forgotten. */
  #isBefore(one: LedgerEntry, other: LedgerEntry): boolean {
    return isStillKept(one, other) && this.#ledger.branchNamed(other.position.epoch)?.holds(one) === true;
  }

  /** What may have happened twice when it was written can turn out to have been one attempt too many. */
  #recount(id: number): void {
    const write = this.#book.write(id);
    if (write !== undefined) for (const trace of this.#book.tracesOf(write)) this.#checkCount(trace);
  }

  /** What nobody asked for, or was refused, is the business of the provenance. */
  #checkCount(trace: string): void {
    const written = this.#written.get(trace);
    const allowed = this.#book.allowed(trace) ?? 0;
    if (written === undefined || allowed <= 0 || written.length <= allowed) return;
    for (const last of written) {
      const count = written.filter((each) => each.offset <= last.offset && this.#isBefore(each, last)).length;
      if (count <= allowed) continue;
      const change = `a change of ${nameOf(last.documentId)}`;
      throw this.#violation(`with ${last.offset} ${change} is in the log ${count} times, ${allowed} may be`);
    }
  }

  #acknowledge(id: number, position: Position): void {
    const write = this.#book.write(id);
    if (write === undefined) throw this.#violation(`write ${id} was acknowledged, and nobody sent it`);
    const before = this.#acked.get(id);
    this.#acked.set(id, position);
    if (before !== undefined) this.#checkRepeat(write, before, position);
    this.#checkPlace(write, position);
  }

  /** Without a key each attempt is a write of its own, and has a place of its own. */
  #checkRepeat({ id, idempotencyKey }: WriteAsked, before: Position, position: Position): void {
    if (idempotencyKey === undefined || samePosition(before, position)) return;
    const [first, second] = [this.#entryAt(before), this.#entryAt(position)];
    // It may have been forgotten since, or have been lost with the history it was in.
    if (first !== undefined && second !== undefined && !this.#isBefore(first, second)) return;
    throw this.#violation(
      `write ${id} was acknowledged at ${formatPosition(before)} and at ${formatPosition(position)}`,
    );
  }

  #checkPlace(write: WriteAsked, position: Position): void {
    // What a deletion of all finds to delete is known to nobody who asks for it.
    if (write.isClearing === true) return;
    const { offset } = position;
    const { id, idempotencyKey } = write;
    const expected = this.#book.tracesOf(write);
    const offsetFirst = offset - expected.length + 1;
    for (const [index, trace] of expected.entries()) {
      const entry = this.#entryAt({ ...position, offset: offsetFirst + index });
      if (entry === undefined || this.#book.traceOf(entry) !== trace || (entry.change.tx ?? entry.offset) !== offset)
        throw this.#violation(`write ${id} was acknowledged at ${offset}, which is not where it is`);
    }
    if (idempotencyKey !== undefined && this.#entryAt({ ...position, offset: offsetFirst })?.change.idem === undefined)
      throw this.#violation(`write ${id} is at ${offset} without the digest of its key`);
  }

  #entryAt({ offset, epoch }: Position): LedgerEntry | undefined {
    return this.#ledger.branchNamed(epoch)?.at(offset);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}

function isStillKept(before: LedgerEntry, now: LedgerEntry): boolean {
  return now.change.ts - before.change.ts <= KEPT_MS;
}
