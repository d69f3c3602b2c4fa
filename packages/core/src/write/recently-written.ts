const DOCUMENTS_MAX = 50_000;

/** Longer names are looked up each time, so that many of them cannot fill the memory. */
const NAME_CHARS_MAX = 200;

/**
 * Whether documents that are written again and again are there: a put or a delete that asks for nothing but to happen needs to
 * know no more, and then a group reads nothing from the disk. Nobody else writes documents of a leader, so what its writer
 * wrote last is what is stored. What is written for the first time is not remembered, since most of that never is again.
 *
 * There are two halves. When the newer one is full the older one is forgotten, which costs nothing however fast new names
 * come.
 */
export class RecentlyWritten {
  #newer = new Map<string, boolean>();
  #older = new Map<string, boolean>();

  /** Undefined when the document was not written lately. */
  isThere(id: string): boolean | undefined {
    return this.#newer.get(id) ?? this.#older.get(id);
  }

  /** Learns of a change that is durable. */
  note(id: string, change: { readonly isThere: boolean; readonly wasThere: boolean }): void {
    const isWrittenAgain = change.wasThere && change.isThere;
    if (isWrittenAgain ? id.length > NAME_CHARS_MAX : this.isThere(id) === undefined) return;
    this.#newer.set(id, change.isThere);
    if (this.#newer.size < DOCUMENTS_MAX / 2) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }

  /** A write failed, and what it left is not known. */
  clear(): void {
    this.#newer = new Map();
    this.#older = new Map();
  }
}
