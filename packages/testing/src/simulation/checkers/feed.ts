import { formatPosition, START } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

type Page = TimedEvent & { readonly kind: 'page' };
type TimeFound = TimedEvent & { readonly kind: 'time-found' };

interface Reader {
  /** What it was told to ask for next. */
  readonly next: string;
  readonly offset: number;
}

/**
 * Each reader of the feed, whichever nodes it asks and however often they go down, gets every change once, in order, in
 * whole transactions, as it is in the log. Readers begin at 0 and are not filtered. Where a time begins, everything of before
 * is behind it, and nothing of then or later.
 */
export class Feed implements Checker {
  readonly name = 'feed (C1–C6, INV-20, INV-21)';
  readonly #ledger: Ledger;
  readonly #readers = new Map<string, Reader>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'time-found') this.#checkTime(event);
    if (event.kind !== 'page') return;
    const held = this.#readers.get(event.reader) ?? { next: formatPosition(START), offset: 0 };
    if (event.since !== held.next)
      throw this.#violation(event, `got a page since ${event.since}, and is at ${held.next}`);
    const own = this.#ledger.logNameOf(event.node);
    if (own !== null && own !== event.log)
      throw this.#violation(event, `got a page of log ${event.log}, not of its own`);
    const log = this.#ledger.branchOf(event.log, event.epoch);
    // Of an epoch that has written nothing yet, nobody has anything.
    if (log === undefined && event.head === 0 && event.lines.length === 0) return;
    if (log === undefined)
      throw this.#violation(event, `got a page of epoch ${event.epoch} of log ${event.log}, which nobody has`);
    const since = formatPosition(log.at(held.offset)?.position ?? START);
    if (since !== held.next)
      throw this.#violation(event, `got a page behind ${held.next}, and the node's log has ${since} there`);
    const offset = this.#checkLines(event, log, held.offset);
    this.#checkFacts(event, log, offset);
    this.#readers.set(event.reader, { next: event.next, offset });
  }

  /** Answers where the page ends. */
  #checkLines(page: Page, log: KnownLog, after: number): number {
    let offset = after;
    let openUntil: number | undefined;
    for (const line of page.lines) {
      const entry = log.at(offset + 1);
      if (entry === undefined)
        throw this.#violation(page, `got a line behind ${offset} that nobody has published: ${line}`);
      if (entry.line !== line)
        throw this.#violation(page, `should get ${entry.line} behind ${offset}, and got ${line}`);
      offset = entry.offset;
      openUntil = entry.change.tx === offset ? undefined : entry.change.tx;
    }
    if (openUntil !== undefined)
      throw this.#violation(
        page,
        `got a page that ends at ${offset}, inside the transaction that ends at ${openUntil}`,
      );
    return offset;
  }

  /** What the page says of itself. */
  #checkFacts(page: Page, log: KnownLog, offset: number): void {
    const { next, head, upToDate } = page;
    const expected = formatPosition(log.at(offset)?.position ?? START);
    if (next !== expected) throw this.#violation(page, `is told that ${next} comes next, and that is ${expected}`);
    if (head < offset)
      throw this.#violation(page, `is told that the head is ${head}, before the page's end at ${offset}`);
    if (head > 0 && log.at(head) === undefined)
      throw this.#violation(page, `is told that the head is ${head}, which nobody has published`);
    if (upToDate !== (head === offset))
      throw this.#violation(page, `is told upToDate: ${upToDate} at ${offset} of ${head}`);
  }

  #checkTime(found: TimeFound): void {
    const { since, timeMs, head, tail } = found;
    const log = this.#ledger.branchOf(found.log, found.epoch);
    if (log === undefined) return;
    const tsAt = (offset: number): number | undefined => log.at(offset)?.change.ts;
    // A record is of the time of its last change: in a mesh, not all of it is of one.
    const tsOfRecordAt = (offset: number): number | undefined => tsAt(log.at(offset)?.record.offsetLast ?? offset);
    if (since === null) {
      if (tail === 1 || (tsOfRecordAt(tail) ?? timeMs) < timeMs)
        throw this.#violation(found, `is told that changes of ${timeMs} may be gone, and the log begins at ${tail}`);
      return;
    }
    const offset = Number.parseInt(since, 10);
    const expected = formatPosition(log.at(offset)?.position ?? START);
    if (since !== expected) throw this.#violation(found, `is told that a time begins behind ${since}, not ${expected}`);
    if ((tsAt(offset) ?? -Infinity) >= timeMs)
      throw this.#violation(
        found,
        `is told that what was committed at ${timeMs} begins behind ${offset}, which is of then`,
      );
    if (offset < head && (tsOfRecordAt(offset + 1) ?? timeMs) < timeMs)
      throw this.#violation(
        found,
        `is told that what was committed at ${timeMs} begins at ${offset + 1}, which is older`,
      );
  }

  #violation({ reader, node }: Page | TimeFound, message: string): Violation {
    return new Violation(this.name, `${reader}, reading from ${node}, ${message}`);
  }
}
