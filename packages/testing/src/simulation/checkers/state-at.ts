import type { DocumentsSeen } from '../history.ts';
import type { KnownLog } from './known-log.ts';

/**
 * The documents as they were when a log ended at some offset. Moving forward costs what lies between; moving back
 * begins anew, and only a node that has lost something does that.
 */
export class StateAt {
  readonly log: KnownLog;
  readonly #documents = new Map<string, { readonly offset: number; readonly valueText: string }>();
  #offset = 0;

  constructor(log: KnownLog) {
    this.log = log;
  }

  get documents(): DocumentsSeen {
    return this.#documents;
  }

  /** Answers false when nobody has said what one of the offsets holds. */
  moveTo(offset: number): boolean {
    if (offset < this.#offset) {
      this.#documents.clear();
      this.#offset = 0;
    }
    for (; this.#offset < offset; this.#offset++) {
      const entry = this.log.at(this.#offset + 1);
      if (entry === undefined) return false;
      const { documentId, valueText } = entry;
      if (valueText === undefined) this.#documents.delete(documentId);
      else this.#documents.set(documentId, { offset: entry.offset, valueText });
    }
    return true;
  }
}
