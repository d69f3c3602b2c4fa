import {
  epochContinues,
  epochCounter,
  formatPosition,
  recordPosition,
  samePosition,
  START,
  type Position,
  type RecordView,
} from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { Ledger } from './ledger.ts';

/** Whether whoever stood at the one has gone over to a higher epoch. */
export function isOfHigherEpoch(now: Position, before: Position): boolean {
  return now.offset > 0 && before.offset > 0 && epochCounter(now.epoch) > epochCounter(before.epoch);
}

type Started = TimedEvent & { readonly kind: 'started' };
type Published = TimedEvent & { readonly kind: 'published' };
type Renewed = TimedEvent & { readonly kind: 'renewed' };

interface Life {
  readonly log: string | null;
  readonly head: Position;
}

/**
 * A node's log has no gaps and its hashes chain: what it holds when it starts, and all that it publishes from then on.
 * Since every publication has to continue the head before it, a head that goes back cannot pass.
 */
export class Gapless implements Checker {
  readonly name = 'gapless (D3, D5, INV-04)';
  readonly #ledger: Ledger;
  readonly #lives = new Map<string, Life>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        this.#start(event);
        break;
      case 'published':
        this.#publish(event);
        break;
      case 'renewed':
        this.#renew(event);
        break;
      case 'ended':
        this.#lives.delete(event.node);
        break;
      default:
    }
  }

  #start(event: Started): void {
    const { node, log, head, records } = event;
    if (this.#lives.has(node)) throw this.#violation(`${node} started while it ran`);
    this.#lives.set(node, { log, head });
    // A node need not have met what was done to its disk.
    if (this.#ledger.isDamaged(node)) return;
    const before = records[0] === undefined ? START : this.#positionBefore(event, records[0]);
    const end = this.#walk(node, before, records);
    if (!samePosition(end, head))
      throw this.#violation(
        `${node} started at ${formatPosition(head)} with a log that ends at ${formatPosition(end)}`,
      );
  }

  #publish({ node, log, head, records }: Published): void {
    const life = this.#lives.get(node);
    if (life === undefined) throw this.#violation(`${node} published without running`);
    if (life.log !== null && life.log !== log)
      throw this.#violation(`${node} went from log ${life.log} to log ${log} in one life`);
    if (records.length === 0) throw this.#violation(`${node} published nothing`);
    const end = this.#walk(node, life.head, records);
    if (!samePosition(end, head))
      throw this.#violation(
        `${node} published up to ${formatPosition(end)} and says its head is ${formatPosition(head)}`,
      );
    this.#lives.set(node, { log, head });
  }

  /** A copy stands where the log has been, and never behind what the node had, but for a higher epoch. */
  #renew({ node, log, head }: Renewed): void {
    const life = this.#lives.get(node);
    // One that begins with nothing has not started yet.
    if (life === undefined) return;
    if (life.log !== null && life.log !== log)
      throw this.#violation(`${node} went from log ${life.log} to a copy of log ${log ?? 'none'}`);
    if (head.offset < life.head.offset && !isOfHigherEpoch(head, life.head))
      throw this.#violation(`${node} was at ${life.head.offset} and serves a copy as of ${head.offset}`);
    const known = this.#ledger.logOf(node)?.at(head.offset)?.position;
    if (head.offset > 0 && (known === undefined || !samePosition(known, head)))
      throw this.#violation(`${node} serves a copy as of ${formatPosition(head)}, where no log ever was`);
    this.#lives.set(node, { log, head });
  }

  /** A log that was trimmed begins later: then what it begins behind is known from when it was written. */
  #positionBefore({ node }: Started, { offsetFirst, epoch, hashBefore }: RecordView): Position {
    if (offsetFirst === 1) return START;
    const offset = offsetFirst - 1;
    return this.#ledger.logOf(node)?.at(offset)?.position ?? { offset, epoch, hash: hashBefore };
  }

  /** Answers where the log ends when the records stand behind `before`. */
  #walk(node: string, before: Position, records: readonly RecordView[]): Position {
    let end = before;
    for (const record of records) {
      const at = `${node} has a record at ${record.offsetFirst} that`;
      if (record.offsetFirst !== end.offset + 1) throw this.#violation(`${at} should begin at ${end.offset + 1}`);
      if (record.hashBefore !== end.hash)
        throw this.#violation(`${at} is chained to ${record.hashBefore} where ${end.hash} stands`);
      if (end.offset > 0 && !epochContinues(end.epoch, record.epoch))
        throw this.#violation(`${at} is of epoch ${record.epoch}, behind one of ${end.epoch}`);
      end = recordPosition(record);
    }
    return end;
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
