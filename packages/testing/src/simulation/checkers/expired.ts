import { DEFINITIONS, type Definition } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { SESSIONS } from '../workload/make-definition.ts';
import type { LedgerEntry } from './known-log.ts';
import { LedgerReader, type Ledger } from './ledger.ts';

/**
 * Nobody asks for the end of a session, so each has come by itself: not before its time, by the times of the log, and only where
 * a definition says that there is one.
 */
export class Expired implements Checker {
  readonly name = 'expired (INV-54)';
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#reader = new LedgerReader(ledger);
  }

  observe(event: TimedEvent): void {
    if (event.kind !== 'started' && event.kind !== 'published') return;
    for (const entry of this.#reader.unread())
      if (entry.change.collection === SESSIONS && entry.valueText === undefined) this.#check(entry);
  }

  #check({ offset, position, change, documentId }: LedgerEntry): void {
    const log = this.#ledger.branchNamed(position.epoch);
    const before = log?.versionAt(documentId, offset - 1);
    const definition = log?.versionAt(`${DEFINITIONS}\0${SESSIONS}`, offset - 1)?.valueText;
    // What is not known any more says nothing.
    if (before === undefined) return;
    if (before.valueText === undefined)
      throw new Violation(this.name, `${offset} ends session ${change.key}, which had ended before`);
    if (definition === undefined)
      throw new Violation(this.name, `${offset} ends session ${change.key}, and sessions do not end`);
    const { ttlSeconds = Infinity } = JSON.parse(definition) as Definition;
    const livedMs = change.ts - before.change.ts;
    if (livedMs < 1000 * ttlSeconds)
      throw new Violation(this.name, `${offset} ends session ${change.key} after ${livedMs} ms`);
  }
}
