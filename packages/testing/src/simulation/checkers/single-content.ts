import type { Checker, TimedEvent } from '../history.ts';
import type { Ledger } from './ledger.ts';

/**
 * Over all time and all nodes, an offset of a log has one content. The ledger is what finds a second one, so this feeds
 * it, and has to be the first of all checkers.
 */
export class SingleContent implements Checker {
  readonly name = 'single-content (D4)';
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    this.#ledger.observe(event);
  }
}
