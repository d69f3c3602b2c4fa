import type { Change, Position, RecordView } from '@skein/protocol';

/** One change of a log as it is known from the first node that had it. */
export interface LedgerEntry {
  readonly offset: number;
  /** This offset, with the epoch and the hash of the record that holds it. */
  readonly position: Position;
  readonly record: RecordView;
  readonly line: string;
  readonly change: Change;
  /** `collection\0key`. */
  readonly documentId: string;
  /** As it stands in the line; undefined for a delete. */
  readonly valueText: string | undefined;
}

/** All that is known of one log: what each offset holds, and which offsets made each document what it was. */
export class KnownLog {
  readonly #entries = new Map<number, LedgerEntry>();
  readonly #versions = new Map<string, LedgerEntry[]>();

  at(offset: number): LedgerEntry | undefined {
    return this.#entries.get(offset);
  }

  /** The change of a document that was the newest when the log ended at `offset`. */
  versionAt(documentId: string, offset: number): LedgerEntry | undefined {
    const versions = this.#versionsOf(documentId);
    return versions[countUpTo(versions, offset) - 1];
  }

  /** The first change of a document behind `offset`. */
  versionAfter(documentId: string, offset: number): LedgerEntry | undefined {
    const versions = this.#versionsOf(documentId);
    return versions[countUpTo(versions, offset)];
  }

  add(entry: LedgerEntry): void {
    this.#entries.set(entry.offset, entry);
    const versions = this.#versions.get(entry.documentId);
    if (versions === undefined) this.#versions.set(entry.documentId, [entry]);
    else versions.splice(countUpTo(versions, entry.offset), 0, entry);
  }

  #versionsOf(documentId: string): readonly LedgerEntry[] {
    return this.#versions.get(documentId) ?? [];
  }
}

/** How many of them, which ascend, are not behind `offset`. */
function countUpTo(versions: readonly LedgerEntry[], offset: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (versions[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
