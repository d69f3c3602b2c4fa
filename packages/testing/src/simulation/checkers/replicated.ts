import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';

/**
 * A write that was to be on so many members is not acknowledged before it is: each of them has had it durably by then,
 * whatever became of it since.
 */
export class Replicated implements Checker {
  readonly name = 'replicated (E4, INV-44)';
  /** The newest offset each node is known to have had durably. */
  readonly #durable = new Map<string, number>();
  readonly #asked = new Map<number, NonNullable<WriteAsked['replicas']>>();

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
        this.#check(event.id, event.position.offset);
        break;
      default:
    }
  }

  #note(node: string, offset: number): void {
    this.#durable.set(node, Math.max(offset, this.#durable.get(node) ?? 0));
  }

  #check(id: number, offset: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    const count = asked.members.filter((member) => (this.#durable.get(member) ?? 0) >= offset).length;
    if (count < asked.count)
      throw new Violation(this.name, `${offset} was acknowledged as on ${asked.count} members, and ${count} have it`);
  }
}
