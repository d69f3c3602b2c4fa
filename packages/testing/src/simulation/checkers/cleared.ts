import type { Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent, type WriteAsked } from '../history.ts';
import { nameOf } from './compare-documents.ts';
import type { Ledger } from './ledger.ts';

/**
 * An acknowledged deletion of a collection leaves no document as it was when the deletion was sent. What was written, or
 * acknowledged, behind that may be there.
 */
export class Cleared implements Checker {
  readonly name = 'cleared';
  readonly #ledger: Ledger;
  readonly #writes = new Map<number, WriteAsked>();
  /** Changes that were acknowledged, by offset and epoch, in the order of that. */
  readonly #acked = new Map<string, number>();
  /** How many had been acknowledged when a deletion was sent. */
  readonly #ackedBefore = new Map<number, number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'write-sent') {
      this.#writes.set(event.write.id, event.write);
      if (event.write.isClearing === true) this.#ackedBefore.set(event.write.id, this.#acked.size);
    } else if (event.kind === 'write-acked') {
      const write = this.#writes.get(event.id)!;
      if (write.isClearing === true) this.#check(write, event.position);
      else this.#note(write, event.position);
    }
  }

  #note({ operations }: WriteAsked, { offset, epoch }: Position): void {
    for (let i = 0; i < operations.length; i++) {
      const id = `${offset - i}.${epoch}`;
      if (!this.#acked.has(id)) this.#acked.set(id, this.#acked.size);
    }
  }

  #check({ id, operations }: WriteAsked, { offset, epoch }: Position): void {
    const before = this.#ackedBefore.get(id)!;
    for (const { collection, key } of operations) {
      const entry = this.#ledger.branchNamed(epoch)?.versionAt(`${collection}\0${key}`, offset);
      if (entry?.valueText === undefined) continue;
      const acked = this.#acked.get(`${entry.offset}.${entry.position.epoch}`);
      if (acked === undefined || acked >= before) continue;
      throw new Violation(
        this.name,
        `${nameOf(entry.documentId)} is as ${entry.offset} made it, behind the deletion of all that ended at ${offset}`,
      );
    }
  }
}
