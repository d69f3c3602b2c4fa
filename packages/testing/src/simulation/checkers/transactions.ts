import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { LedgerReader, type Ledger } from './ledger.ts';
import type { LedgerEntry } from './known-log.ts';

/** The lines of a transaction stand together, all of them, in one record; so whole records are whole transactions. */
export class Transactions implements Checker {
  readonly name = 'transactions (C4, D2)';
  readonly #reader: LedgerReader;
  /** Where the transaction ends that the last line left open. */
  #openUntil: number | undefined;

  constructor(ledger: Ledger) {
    this.#reader = new LedgerReader(ledger);
  }

  observe(event: TimedEvent): void {
    if (event.kind !== 'started' && event.kind !== 'published') return;
    for (const entry of this.#reader.unread()) this.#add(entry);
  }

  #add({ offset, record, change: { tx, idem } }: LedgerEntry): void {
    const isFirst = this.#openUntil === undefined;
    if (!isFirst && tx !== this.#openUntil)
      throw this.#violation(`${offset} stands inside the transaction that ends at ${this.#openUntil}`);
    if (!isFirst && idem !== undefined)
      throw this.#violation(`${offset} carries a digest, and is not the first of its transaction`);
    if (isFirst && tx !== undefined && tx <= offset)
      throw this.#violation(`${offset} is of a transaction that ends at ${tx}, and nothing of it stands before`);
    if (tx !== undefined && tx > record.offsetLast)
      throw this.#violation(
        `${offset} is of a transaction that ends at ${tx}, behind its record's ${record.offsetLast}`,
      );
    this.#openUntil = tx === offset ? undefined : tx;
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
