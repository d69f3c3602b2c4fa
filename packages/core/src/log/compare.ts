import type { RecordView } from '@skein/protocol';
import { lineOffset } from '../document.ts';
import { CRC_BYTES } from '../line-checksum.ts';
import { parseDocumentKey } from '../level/layout.ts';
import type { Level, LevelSnapshot } from '../level/level.ts';
import { walkRecords, type WalkedChange } from '../write/walk-records.ts';

/**
 * Holds documents against the log that made them, record by record. A document must be what its newest change in the log
 * says. Seen from one change there is either that, or the work of a later one, which is then seen from there; only a
 * document that is not there at all leaves something to remember, until its delete comes.
 */
export class LogComparison {
  readonly #level: Level;
  readonly #snapshot: LevelSnapshot;
  readonly #note: (problem: string) => void;
  /** Level keys of documents that were put and are not there, by the offset of the put. */
  readonly #missing = new Map<string, number>();

  constructor(level: Level, snapshot: LevelSnapshot, note: (problem: string) => void) {
    this.#level = level;
    this.#snapshot = snapshot;
    this.#note = note;
  }

  async add(record: RecordView): Promise<void> {
    const changes = walkRecords([record]);
    const keys = changes.map((change) => change.levelKey);
    const found = await this.#level.getMany(keys, { snapshot: this.#snapshot });
    for (const [i, change] of changes.entries()) this.#compare(change, found[i]);
  }

  end(): void {
    for (const [id, offset] of this.#missing) {
      this.#note(`${nameOf(Buffer.from(id, 'latin1'))} is missing; the log has it at ${offset}`);
    }
  }

  #compare({ offset, levelKey, stored }: WalkedChange, found: Buffer | undefined): void {
    const id = levelKey.toString('latin1');
    if (found === undefined) {
      if (stored === null) this.#missing.delete(id);
      else this.#missing.set(id, offset);
      return;
    }
    const foundOffset = lineOffset(found.subarray(CRC_BYTES));
    if (foundOffset > offset) return;
    if (stored === null || !stored.equals(found)) {
      this.#note(`${nameOf(levelKey)} is of ${foundOffset}; the log changed it at ${offset}`);
    }
  }
}

function nameOf(levelKey: Buffer): string {
  const { collection, key } = parseDocumentKey(levelKey);
  return `document ${JSON.stringify(key)} of ${collection}`;
}
