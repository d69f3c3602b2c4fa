import { samePosition, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

/**
 * A write that was to be on so many members is not acknowledged before it is: each of them has had it durably by then,
 * whatever became of it since.
 */
export class Replicated implements Checker {
  readonly name = 'replicated (E4, INV-44)';
  /** The branches each node has been on, and up to where it is known to have had them durably. */
  readonly #durable = new Map<string, Map<KnownLog, number>>();
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
      case 'renewed':
        this.#note(event.node, event.durable);
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
    const log = this.#ledger.logOf(node);
    if (log === undefined) return;
    const branches = this.#durable.get(node) ?? new Map<KnownLog, number>();
    this.#durable.set(node, branches);
    branches.set(log, Math.max(offset, branches.get(log) ?? 0));
  }

  #check(id: number, position: Position): void {
    const { offset } = position;
    const asked = this.#asked.get(id);
    // Of the beginning of the log there is nothing to have.
    if (asked === undefined || offset === 0) return;
    const hadIt = (member: string): boolean =>
      [...(this.#durable.get(member) ?? [])].some(([log, durable]) => {
        const held = log.at(offset)?.position;
        return durable >= offset && held !== undefined && samePosition(held, position);
      });
    const count = asked.members.filter(hadIt).length;
    if (count < asked.count)
      throw new Violation(this.name, `${offset} was acknowledged as on ${asked.count} members, and ${count} had it`);
  }
}
