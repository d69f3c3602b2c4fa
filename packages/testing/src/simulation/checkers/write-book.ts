import type { TimedEvent, WriteAsked } from '../history.ts';
import type { LedgerEntry } from './known-log.ts';

interface Asked {
  readonly write: WriteAsked;
  sent: number;
  refused: number;
}

/**
 * What clients asked for, and how often it may stand in the log. A change is traced to who asked for it by what it
 * leaves: a put by its value, which names the write; a delete by its document; an operator by its document too, since
 * its value is anyone's guess.
 *
 * Without an idempotency key each attempt may have written once, unless it was refused. With a key all attempts together
 * may have; and that some were refused says nothing, since a refusal is not remembered (PROTOCOL §8.2): a network that
 * repeats what is safe to repeat can bring a copy of the same request when it is welcome.
 */
export class WriteBook {
  readonly #writes = new Map<number, Asked>();
  readonly #allowed = new Map<string, number>();

  observe(event: TimedEvent): void {
    if (event.kind === 'write-sent') this.#change(this.#openFor(event.write), 'sent');
    if (event.kind === 'write-failed' && event.outcome === 'refused') {
      const asked = this.#writes.get(event.id);
      if (asked !== undefined) this.#change(asked, 'refused');
    }
  }

  write(id: number): WriteAsked | undefined {
    return this.#writes.get(id)?.write;
  }

  /** How often a trace may be in the log; undefined when nobody ever asked for it. */
  allowed(trace: string): number | undefined {
    return this.#allowed.get(trace);
  }

  /** What each operation of a write would leave in the log. */
  tracesOf(write: WriteAsked): readonly string[] {
    return write.operations.map(({ op, collection, key, valueText }) => {
      const documentId = `${collection}\0${key}`;
      if (op === 'put') return putTrace(documentId, valueText);
      return op === 'delete' ? deleteTrace(documentId) : operatorTrace(documentId);
    });
  }

  traceOf({ documentId, valueText }: LedgerEntry): string {
    if (valueText === undefined) return deleteTrace(documentId);
    const trace = putTrace(documentId, valueText);
    return this.#allowed.has(trace) ? trace : operatorTrace(documentId);
  }

  #openFor(write: WriteAsked): Asked {
    const asked = this.#writes.get(write.id) ?? { write, sent: 0, refused: 0 };
    this.#writes.set(write.id, asked);
    return asked;
  }

  #change(asked: Asked, what: 'sent' | 'refused'): void {
    const before = allowanceOf(asked);
    asked[what]++;
    const change = allowanceOf(asked) - before;
    for (const trace of this.tracesOf(asked.write)) this.#allowed.set(trace, (this.#allowed.get(trace) ?? 0) + change);
  }
}

function allowanceOf({ write, sent, refused }: Asked): number {
  return write.idempotencyKey === undefined ? sent - refused : Math.min(1, sent);
}

function putTrace(documentId: string, valueText: string | undefined): string {
  return `put\0${documentId}\0${valueText}`;
}

function deleteTrace(documentId: string): string {
  return `delete\0${documentId}`;
}

function operatorTrace(documentId: string): string {
  return `operator\0${documentId}`;
}
