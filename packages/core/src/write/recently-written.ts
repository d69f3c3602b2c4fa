const DOCUMENTS_MAX = 50_000;

/** Longer names are looked up each time, so that many of them cannot fill the memory. */
const NAME_CHARS_MAX = 200;

/**
 * Whether documents written lately are there. Clients write the same ones again and again, and a put or a delete that
 * asks for nothing but to happen needs to know no more: then a group reads nothing from the disk. Nobody else writes
 * documents of a leader, so what its writer wrote last is what is stored.
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
  note(id: string, isThere: boolean): void {
    if (id.length > NAME_CHARS_MAX) return;
    this.#newer.set(id, isThere);
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
