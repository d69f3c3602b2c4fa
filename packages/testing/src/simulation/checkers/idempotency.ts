import { formatPosition, LIMITS, samePosition, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';
import { nameOf } from './compare-documents.ts';
import type { LedgerEntry } from './known-log.ts';
import { LedgerReader, type Ledger } from './ledger.ts';
import { WriteBook } from './write-book.ts';

const KEPT_MS = LIMITS.idempotencyHoursKept * 3600 * 1000;

/**
 * A write with an idempotency key happens once, however often it is sent; one without at most as often as it was sent.
 * Whoever is told that it is written is told where it is. A key holds for 24 hours of log time; what comes after that
 * counts as new.
 */
export class Idempotency implements Checker {
  readonly name = 'idempotency (D7, INV-07)';
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;
  readonly #book = new WriteBook();
  readonly #keys = new Map<string, LedgerEntry>();
  readonly #written = new Map<string, { readonly count: number; readonly last: LedgerEntry }>();
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
      const before = this.#keys.get(digest);
      if (before !== undefined && isStillKept(before, entry))
        throw this.#violation(`${entry.offset} is of the same idempotency key as ${before.offset}`);
      this.#keys.set(digest, entry);
    }
    const trace = this.#book.traceOf(entry);
    const before = this.#written.get(trace);
    const count = before !== undefined && isStillKept(before.last, entry) ? before.count + 1 : 1;
    this.#written.set(trace, { count, last: entry });
    this.#checkCount(trace);
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
    if (written === undefined || allowed <= 0 || written.count <= allowed) return;
    const { offset, documentId } = written.last;
    const change = `a change of ${nameOf(documentId)}`;
    throw this.#violation(`with ${offset} ${change} is in the log ${written.count} times, ${allowed} may be`);
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
    const [first, second] = [this.#entryAt(before.offset), this.#entryAt(position.offset)];
    if (first !== undefined && second !== undefined && !isStillKept(first, second)) return;
    throw this.#violation(
      `write ${id} was acknowledged at ${formatPosition(before)} and at ${formatPosition(position)}`,
    );
  }

  #checkPlace(write: WriteAsked, { offset }: Position): void {
    const { id, idempotencyKey } = write;
    const expected = this.#book.tracesOf(write);
    const offsetFirst = offset - expected.length + 1;
    for (const [index, trace] of expected.entries()) {
      const entry = this.#entryAt(offsetFirst + index);
      if (entry === undefined || this.#book.traceOf(entry) !== trace || (entry.change.tx ?? entry.offset) !== offset)
        throw this.#violation(`write ${id} was acknowledged at ${offset}, which is not where it is`);
    }
    if (idempotencyKey !== undefined && this.#entryAt(offsetFirst)?.change.idem === undefined)
      throw this.#violation(`write ${id} is at ${offset} without the digest of its key`);
  }

  #entryAt(offset: number): LedgerEntry | undefined {
    return this.#ledger.leaderLog?.at(offset);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}

function isStillKept(before: LedgerEntry, now: LedgerEntry): boolean {
  return now.change.ts - before.change.ts <= KEPT_MS;
}
