export type Entry = readonly [key: Buffer, value: Buffer];

/** What can be asked of a sorted map by those who do not change it. */
export type SortedView = Pick<SortedMap, 'size' | 'get' | 'has' | 'at' | 'indexOf' | 'slice' | typeof Symbol.iterator>;

/**
 * Keys in byte order with their values. Handing out a view costs nothing; the next change copies what the view holds.
 * Worlds keep some thousand keys, where an array is faster than a tree.
 */
export class SortedMap {
  #entries: Entry[];
  #isShared = false;

  constructor(entries: Entry[] = []) {
    this.#entries = entries;
  }

  get size(): number {
    return this.#entries.length;
  }

  get(key: Buffer): Buffer | undefined {
    const [found, value] = this.#entries[this.indexOf(key)] ?? [];
    return found?.equals(key) === true ? value : undefined;
  }

  has(key: Buffer): boolean {
    return this.#entries[this.indexOf(key)]?.[0].equals(key) === true;
  }

  at(index: number): Entry | undefined {
    return this.#entries[index];
  }

  /** Where the first key is that is not below this one; the size when there is none. */
  indexOf(key: Buffer): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.#entries[middle]![0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  slice(low: number, high: number): readonly Entry[] {
    return this.#entries.slice(low, high);
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#entries.values();
  }

  set(entry: Entry): void {
    const index = this.indexOf(entry[0]);
    const isThere = this.#entries[index]?.[0].equals(entry[0]) === true;
    this.#own().splice(index, isThere ? 1 : 0, entry);
  }

  delete(key: Buffer): void {
    if (this.has(key)) this.#own().splice(this.indexOf(key), 1);
  }

  /** The map as it is now. Neither sees what is changed in the other from here on. */
  fork(): SortedMap {
    const fork = new SortedMap(this.#entries);
    this.#isShared = true;
    fork.#isShared = true;
    return fork;
  }

  #own(): Entry[] {
    if (this.#isShared) this.#entries = [...this.#entries];
    this.#isShared = false;
    return this.#entries;
  }
}
