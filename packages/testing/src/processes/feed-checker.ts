import type { Change } from '@skein/protocol';

/** A page of the feed as a reader of JSON gets it. */
export interface FeedPage {
  readonly log: string;
  readonly epoch: string;
  readonly since: string;
  readonly next: string;
  readonly head: { readonly offset: number; readonly ts: number | null };
  readonly tail: number;
  readonly upToDate: boolean;
  readonly changes: readonly Change[];
}

/**
 * Watches a feed and throws at the first thing that must not be: an offset missed, repeated or out of order, a transaction
 * in pieces, time going back, a page that does not begin where the last one ended or says something wrong of itself.
 */
export class FeedChecker {
  readonly changes: Change[] = [];
  #next: string;
  #offset: number;
  #ts = 0;
  #openTransaction: number | undefined;

  /** Where the feed is read from; the reader has everything up to there. */
  constructor(since = '0') {
    this.#next = since;
    this.#offset = offsetOf(since);
  }

  /** What to ask for next. */
  get next(): string {
    return this.#next;
  }

  get offset(): number {
    return this.#offset;
  }

  addPage(page: FeedPage): void {
    if (page.since !== this.#next) throw new Error(`a page since ${page.since}, asked for ${this.#next}`);
    for (const change of page.changes) this.#add(change);
    if (this.#openTransaction !== undefined)
      throw new Error(`the page ends at ${this.#offset}, inside the transaction that ends at ${this.#openTransaction}`);
    if (offsetOf(page.next) !== this.#offset)
      throw new Error(`the page ends at ${this.#offset} and says ${page.next} comes next`);
    if (page.head.offset < this.#offset) throw new Error(`the head is ${page.head.offset}, before ${this.#offset}`);
    if (page.upToDate !== (page.head.offset === this.#offset))
      throw new Error(`at ${this.#offset} of ${page.head.offset} the page says upToDate: ${page.upToDate}`);
    this.#next = page.next;
  }

  #add(change: Change): void {
    const { offset, ts, tx } = change;
    if (offset !== this.#offset + 1) throw new Error(`offset ${offset} comes after ${this.#offset}`);
    if (ts < this.#ts) throw new Error(`at ${offset} time goes back from ${this.#ts} to ${ts}`);
    if (this.#openTransaction !== undefined && tx !== this.#openTransaction)
      throw new Error(`offset ${offset} stands inside the transaction that ends at ${this.#openTransaction}`);
    if (tx !== undefined && tx < offset) throw new Error(`offset ${offset} is of a transaction that ended at ${tx}`);
    this.#openTransaction = tx === undefined || tx === offset ? undefined : tx;
    this.#offset = offset;
    this.#ts = ts;
    this.changes.push(change);
  }
}

function offsetOf(position: string): number {
  return Number(position.split('.', 1)[0]);
}
