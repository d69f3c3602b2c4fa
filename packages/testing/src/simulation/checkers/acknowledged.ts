import { formatPosition, samePosition, START, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { Ledger } from './ledger.ts';

type Started = TimedEvent & { readonly kind: 'started' };
type Settled = TimedEvent & { readonly kind: 'settled' };

/**
 * What a client was told is written is written: the leader had it before the client was told, and has it whenever it
 * starts again. When all is settled, every node has it.
 */
export class Acknowledged implements Checker {
  readonly name = 'acknowledged (D1, INV-01)';
  readonly #ledger: Ledger;
  readonly #acked = new Map<number, Position>();
  #newest: Position = START;
  /** The newest offset any leader is known to have had durably. */
  #leaderOffset = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        if (event.role === 'leader') this.#checkStart(event);
        break;
      case 'published':
        if (event.role === 'leader') this.#leaderOffset = Math.max(this.#leaderOffset, event.head.offset);
        break;
      case 'write-acked':
        this.#acknowledge(event.position);
        break;
      case 'settled':
        this.#checkSettled(event);
        break;
      default:
    }
  }

  #acknowledge(position: Position): void {
    const { offset } = position;
    if (offset > this.#leaderOffset)
      throw this.#violation(`${offset} was acknowledged when the leader had published up to ${this.#leaderOffset}`);
    const known = this.#ledger.leaderLog?.at(offset);
    if (known === undefined || !samePosition(known.position, position))
      throw this.#violation(`${formatPosition(position)} was acknowledged, and is not in the leader's log`);
    this.#acked.set(offset, position);
    if (offset > this.#newest.offset) this.#newest = position;
  }

  #checkStart({ node, head, records }: Started): void {
    this.#leaderOffset = Math.max(this.#leaderOffset, head.offset);
    if (this.#ledger.isDamaged(node)) return;
    this.#checkReaches(node, head);
    for (const { offsetFirst, offsetLast, epoch, hash } of records) {
      for (let offset = offsetFirst; offset <= offsetLast; offset++) {
        const acked = this.#acked.get(offset);
        if (acked !== undefined && !samePosition(acked, { offset, epoch, hash }))
          throw this.#violation(`${node} started with ${hash} at ${offset}, ${formatPosition(acked)} was acknowledged`);
      }
    }
  }

  /** Followers of a damaged leader may have had no way to get what is left of it. */
  #checkSettled({ nodes }: Settled): void {
    if (nodes.some(({ role, isDamaged }) => role === 'leader' && isDamaged)) return;
    for (const { node, isDamaged, isReady, head } of nodes) {
      if (isDamaged || !isReady) continue;
      this.#checkReaches(node, head);
      const known = this.#ledger.leaderLog?.at(head.offset)?.position ?? START;
      if (!samePosition(known, head))
        throw this.#violation(`${node} settled at ${formatPosition(head)}, the log has ${formatPosition(known)} there`);
    }
  }

  /** Heads that agree with the log hold all that is below them, by the chain of hashes. */
  #checkReaches(node: string, head: Position): void {
    if (head.offset < this.#newest.offset)
      throw this.#violation(`${node} ends at ${head.offset}, and ${this.#newest.offset} was acknowledged`);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
