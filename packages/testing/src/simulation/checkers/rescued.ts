import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

/** Whoever goes over to a history that lacks some of its changes has saved each of those before, as far as its log has them. */
export class Rescued implements Checker {
  readonly name = 'rescued (E5, INV-50)';
  readonly #ledger: Ledger;
  readonly #branches = new Map<string, { readonly log: KnownLog; readonly head: number; readonly tail: number }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        this.#note(event.node, event.head.offset, event.records[0]?.offsetFirst ?? 1);
        break;
      case 'published':
        this.#note(event.node, event.head.offset);
        break;
      case 'renewed':
        if (event.log !== null) this.#check(event.node, event.rescued);
        this.#note(event.node, event.head.offset, event.tail);
        break;
      default:
    }
  }

  #note(node: string, head: number, tail = this.#branches.get(node)?.tail ?? 1): void {
    const log = this.#ledger.logOf(node);
    if (log !== undefined) this.#branches.set(node, { log, head, tail });
  }

  #check(node: string, rescued: ReadonlySet<string>): void {
    const before = this.#branches.get(node);
    const now = this.#ledger.logOf(node);
    if (before === undefined || now === undefined || before.log === now || this.#ledger.isDamaged(node)) return;
    for (let offset = before.head; offset >= before.tail; offset--) {
      const entry = before.log.at(offset);
      if (entry === undefined || now.holds(entry)) return;
      if (!rescued.has(entry.line))
        throw new Violation(this.name, `${node} has given up ${offset} and not saved it: ${entry.line}`);
    }
  }
}
