import { parsePosition, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { isOfHigherEpoch } from './gapless.ts';
import type { Ledger } from './ledger.ts';

type Started = TimedEvent & { readonly kind: 'started' };
type Page = TimedEvent & { readonly kind: 'page' };

/**
 * What a node tells, its listeners or its readers, is on its disk: a power cut at that moment would leave it there. So
 * it is there when the node starts the next time. Of a disk that was changed behind its node's back nothing is asked.
 */
export class Durable implements Checker {
  readonly name = 'durable (D11, INV-01)';
  readonly #ledger: Ledger;
  readonly #published = new Map<string, { readonly log: string; readonly head: Position }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        this.#checkKept(event);
        break;
      case 'published':
        this.#checkDurable(event.node, 'published', event.head.offset, event.durable);
        this.#published.set(event.node, { log: event.log, head: event.head });
        break;
      case 'renewed':
        this.#checkDurable(event.node, 'serves a copy as of', event.head.offset, event.durable);
        if (event.log === null) this.#published.delete(event.node);
        else this.#published.set(event.node, { log: event.log, head: event.head });
        break;
      case 'page':
        this.#checkPage(event);
        break;
      default:
    }
  }

  #checkKept({ node, log, head }: Started): void {
    const before = this.#published.get(node);
    if (before === undefined || this.#ledger.isDamaged(node)) return;
    if (log !== before.log)
      throw new Violation(this.name, `${node} published log ${before.log} and started with ${log ?? 'none'}`);
    // It may have gone over to a higher epoch and died before it could say so.
    if (head.offset < before.head.offset && !isOfHigherEpoch(head, before.head))
      throw new Violation(this.name, `${node} published ${before.head.offset} and started at ${head.offset}`);
  }

  #checkPage({ node, next, lines, head, durable }: Page): void {
    this.#checkDurable(node, 'named as its head', head, durable);
    this.#checkDurable(node, 'named as what comes next', parsePosition(next).offset, durable);
    // Offsets ascend, which is the business of the feed's checker: the last is the newest.
    const last = lines.at(-1);
    if (last !== undefined) this.#checkDurable(node, 'sent', offsetOf(last), durable);
  }

  #checkDurable(node: string, what: string, offset: number, durable: number): void {
    if (offset <= durable || this.#ledger.isDamaged(node)) return;
    throw new Violation(this.name, `${node} ${what} ${offset}, and only ${durable} is on its disk`);
  }
}

function offsetOf(line: string): number {
  return Number.parseInt(line.slice('{"offset":'.length), 10);
}
