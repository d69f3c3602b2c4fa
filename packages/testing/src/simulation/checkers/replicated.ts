import { samePosition, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';
import type { Ledger } from './ledger.ts';

/**
 * A write that was to be on so many members is not acknowledged before it is: each of them has had it durably by then,
 * whatever became of it since.
 */
export class Replicated implements Checker {
  readonly name = 'replicated (E4, INV-44)';
  /** The newest offset each node is known to have had durably. */
  readonly #durable = new Map<string, number>();
  readonly #ledger: Ledger;
  readonly #asked = new Map<number, NonNullable<WriteAsked['replicas']>>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        this.#note(event.node, event.head.offset);
        break;
      case 'published':
        this.#note(event.node, event.durable);
        break;
      case 'renewed':
        // It may have less of another branch than it had.
        this.#durable.set(event.node, event.durable);
        break;
      case 'write-sent':
        if (event.write.replicas !== undefined) this.#asked.set(event.write.id, event.write.replicas);
        break;
      case 'write-acked':
        this.#check(event.id, event.position);
        break;
      default:
    }
  }

  #note(node: string, offset: number): void {
    this.#durable.set(node, Math.max(offset, this.#durable.get(node) ?? 0));
  }

  #check(id: number, position: Position): void {
    const { offset } = position;
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const has = (member: string): boolean => {
      const held = this.#ledger.logOf(member)?.at(offset)?.position;
      return (this.#durable.get(member) ?? 0) >= offset && held !== undefined && samePosition(held, position);
    };
    const count = asked.members.filter(has).length;
    if (count < asked.count)
      throw new Violation(this.name, `${offset} was acknowledged as on ${asked.count} members, and ${count} have it`);
  }
}
