import { EPOCHS, type Change, type Epoch, type EpochDocument, type Position, type RecordView } from '@skein/protocol';

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

/**
 * All that is known of one branch of a log, from its beginning to the end of one epoch: what each offset holds, and which
 * offsets made each document what it was. What is before the epoch is what the branch has that it began on.
 */
export class KnownLog {
  readonly epoch: Epoch;
  readonly offsetFirst: number;
  /** The one it began on, which may have grown on beside it; null for the first epoch, and one that began on nothing. */
  readonly parent: KnownLog | null;
  readonly #entries = new Map<number, LedgerEntry>();
  readonly #versions = new Map<string, LedgerEntry[]>();

  constructor(epoch: Epoch, offsetFirst: number, parent: KnownLog | null) {
    this.epoch = epoch;
    this.offsetFirst = offsetFirst;
    this.parent = parent;
  }

  /** How its epoch began, as its first change says; the first epoch of a log begins with the log, and says nothing. */
  get begun(): EpochDocument | undefined {
    const first = this.#entries.get(this.offsetFirst);
    const saysSo = first?.change.collection === EPOCHS && first.valueText !== undefined;
    return saysSo ? (JSON.parse(first.valueText) as EpochDocument) : undefined;
  }

  at(offset: number): LedgerEntry | undefined {
    return offset >= this.offsetFirst ? this.#entries.get(offset) : this.parent?.at(offset);
  }

  /** Whether a change is in this branch, as it is known of another. */
  holds({ offset, position }: LedgerEntry): boolean {
    return this.at(offset)?.position.hash === position.hash;
  }

  /** The change of a document that was the newest when the log ended at `offset`. */
  versionAt(documentId: string, offset: number): LedgerEntry | undefined {
    const versions = this.#versionsOf(documentId);
    const own = versions[countUpTo(versions, offset) - 1];
    return own ?? this.parent?.versionAt(documentId, Math.min(offset, this.offsetFirst - 1));
  }

  /** The first change of a document behind `offset`. */
  versionAfter(documentId: string, offset: number): LedgerEntry | undefined {
    const before = this.parent?.versionAfter(documentId, offset);
    if (before !== undefined && before.offset < this.offsetFirst) return before;
    const versions = this.#versionsOf(documentId);
    return versions[countUpTo(versions, offset)];
  }

  add(entry: LedgerEntry): void {
    this.#entries.set(entry.offset, entry);
    const versions = this.#versions.get(entry.documentId);
    if (versions === undefined) this.#versions.set(entry.documentId, [entry]);
    else versions.splice(countUpTo(versions, entry.offset), 0, entry);
  }

  /** This branch and those it began on, the first epoch first. */
  path(): readonly KnownLog[] {
    return this.parent === null ? [this] : [...this.parent.path(), this];
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
