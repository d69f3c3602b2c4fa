import { EPOCHS } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { SESSIONS } from '../workload/make-definition.ts';
import { nameOf } from './compare-documents.ts';
import type { LedgerEntry } from './known-log.ts';
import { LedgerReader, type Ledger } from './ledger.ts';
import { WriteBook } from './write-book.ts';

/** Nobody asks for an epoch, nor for the end of a session: one that should not be is the business of others. */
function isUnasked({ change, valueText }: LedgerEntry): boolean {
  return change.collection === EPOCHS || (change.collection === SESSIONS && valueText === undefined);
}

/** Every change in the log was asked for, by someone who was not told that nothing was written. */
export class Provenance implements Checker {
  readonly name = 'provenance (D9, INV-06)';
  readonly #reader: LedgerReader;
  readonly #book = new WriteBook();
  /** Traces that are in the log, with an offset where. */
  readonly #written = new Map<string, number>();

  constructor(ledger: Ledger) {
    this.#reader = new LedgerReader(ledger);
  }

  observe(event: TimedEvent): void {
    this.#book.observe(event);
    switch (event.kind) {
      case 'started':
      case 'published':
        for (const entry of this.#reader.unread()) {
          if (isUnasked(entry)) continue;
          const trace = this.#book.traceOf(entry);
          const what = entry.valueText ?? 'a delete';
          this.#check(trace, `${entry.offset} makes ${nameOf(entry.documentId)} ${what}`);
          this.#written.set(trace, entry.offset);
        }
        break;
      case 'write-failed':
        this.#checkRefused(event.id);
        break;
      default:
    }
  }

  #checkRefused(id: number): void {
    const write = this.#book.write(id);
    if (write === undefined) return;
    for (const trace of this.#book.tracesOf(write)) {
      const offset = this.#written.get(trace);
      if (offset !== undefined) this.#check(trace, `${offset} holds what write ${id} asked for`);
    }
  }

  #check(trace: string, what: string): void {
    const allowed = this.#book.allowed(trace);
    if (allowed === undefined) throw new Violation(this.name, `${what}, which nobody asked for`);
    if (allowed <= 0) throw new Violation(this.name, `${what}, which was refused`);
  }
}
