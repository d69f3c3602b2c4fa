import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { LedgerReader, type Ledger } from './ledger.ts';

/** Along a log, time never goes back, whatever the leader's clock does. */
export class LogTime implements Checker {
  readonly name = 'log-time (D12, INV-08)';
  readonly #ledger: Ledger;
  readonly #reader: LedgerReader;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#reader = new LedgerReader(ledger);
  }

  observe(event: TimedEvent): void {
    if (event.kind !== 'started' && event.kind !== 'published') return;
    for (const { offset, change } of this.#reader.unread()) {
      const before = this.#ledger.logOf(event.node)?.at(offset - 1)?.change;
      if (before !== undefined && change.ts < before.ts)
        throw new Violation(this.name, `at ${offset} time goes back from ${before.ts} to ${change.ts}`);
    }
  }
}
