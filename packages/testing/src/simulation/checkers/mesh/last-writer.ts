import { DEFINITIONS, formatPlacedStamp } from '@skein/protocol';
import { Violation, type Checker, type DocumentsSeen, type TimedEvent } from '../../history.ts';
import { nameOf } from '../compare-documents.ts';
import { compareHeld, heldText, type Held, type MeshLogs } from './mesh-logs.ts';

/**
 * When faults have ended, every document is on every node what the newest of all changes of it has made of it, whoever wrote
 * that: nothing is lost but to something newer, nothing comes back, and there is nothing else.
 */
export class LastWriter implements Checker {
  readonly name = 'last-writer';
  readonly #logs: MeshLogs;
  /** By document, over all logs. */
  readonly #newest = new Map<string, Held>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    for (const { kind, subject, stamp, valueText } of this.#logs.linesOf(event)) {
      if (kind !== 'change') continue;
      const change = { stamp: stamp!, valueText };
      const known = this.#newest.get(subject);
      if (known === undefined || compareHeld(change, known) > 0) this.#newest.set(subject, change);
    }
    if (event.kind === 'settled') for (const { node, documents } of event.nodes) this.#check(node, documents);
  }

  #check(node: string, documents: DocumentsSeen): void {
    for (const [subject, newest] of this.#newest) {
      const found = documents.get(subject);
      const { stamp, valueText } = newest;
      const isRight =
        valueText === undefined
          ? found === undefined
          : found?.valueText === valueText && found.made === formatPlacedStamp(stamp);
      if (isRight) continue;
      const has = found === undefined ? 'nothing' : `${found.valueText} of ${found.made}`;
      throw this.#violation(`${node} has ${has} as ${nameOf(subject)}, and the newest is ${heldText(newest)}`);
    }
    for (const id of documents.keys())
      if ((!id.startsWith('$') || id.startsWith(`${DEFINITIONS}\0`)) && !this.#newest.has(id))
        throw this.#violation(`${node} has ${nameOf(id)}, which nobody has written`);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
