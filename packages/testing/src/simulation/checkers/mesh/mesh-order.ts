import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { nameOf } from '../compare-documents.ts';
import { compareHeld, heldText, type Held, type MeshLogs } from './mesh-logs.ts';

/**
 * Along a log, what a node has of a document only becomes newer: nothing is taken twice, nothing that is older, and nothing
 * comes back that was deleted. Where a tombstone has been dropped, something older may come once more from who tells it again;
 * what becomes of that is for others to see.
 */
export class MeshOrder implements Checker {
  readonly name = 'mesh-order';
  readonly #logs: MeshLogs;
  /** By node and document. */
  readonly #held = new Map<string, Held>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    for (const { node, entry, kind, subject, stamp, valueText } of this.#logs.linesOf(event)) {
      if (kind === 'dropped') this.#held.delete(`${node} ${subject}`);
      if (kind !== 'change') continue;
      const [name, change] = [`${node} ${subject}`, { stamp: stamp!, valueText }];
      const held = this.#held.get(name);
      if (held !== undefined && compareHeld(change, held) <= 0)
        throw new Violation(
          this.name,
          `${entry.offset} of ${node} makes ${nameOf(subject)} ${heldText(change)}, where it had ${heldText(held)}`,
        );
      this.#held.set(name, change);
    }
  }
}
