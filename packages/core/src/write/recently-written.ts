import { ByName, type DocumentName } from '../by-name.ts';
import { UnseenKeys } from './unseen-keys.ts';

const DOCUMENTS_MAX = 50_000;

/** Longer names are looked up each time, so that many of them cannot fill the memory. */
const NAME_CHARS_MAX = 200;

/** So many collections that were empty are watched at most; the one that was begun first is let go. */
const WATCHED_MAX = 8;

/**
 * Whether documents that are written again and again are there: a put or a delete that asks for nothing but to happen needs to
 * know no more, and then a group reads nothing from the disk. Nobody else writes documents of a leader, so what its writer
 * wrote last is what is stored. What is written for the first time is not remembered, since most of that never is again.
 *
 * There are two halves. When the newer one is full the older one is forgotten, which costs nothing however fast new names
 * come.
 *
 * Of a collection that is empty when it is first written to, it is known of nearly every key that it is new, as long as
 * everything written there is noted: a load of new documents looks for none of them.
 */
export class RecentlyWritten {
  #newer = new ByName<boolean>();
  #older = new ByName<boolean>();
  readonly #unseen = new Map<string, UnseenKeys>();
  readonly #isEmpty: (collection: string) => boolean;

  /** Is told whether nothing is stored of a collection. */
  constructor(isEmpty: (collection: string) => boolean) {
    this.#isEmpty = isEmpty;
  }

  /** Undefined when that is not known. */
  isThere(name: DocumentName): boolean | undefined {
    return this.#known(name) ?? (this.#unseenOf(name.collection)?.has(name.key) === true ? false : undefined);
  }

  /** Learns of a change that is durable. */
  note(name: DocumentName, change: { readonly isThere: boolean; readonly wasThere: boolean }): void {
    this.#see(name);
    const isWrittenAgain = change.wasThere && change.isThere;
    const isLong = name.collection.length + name.key.length > NAME_CHARS_MAX;
    if (isWrittenAgain ? isLong : this.#known(name) === undefined) return;
    this.#newer.set(name, change.isThere);
    if (this.#newer.size < DOCUMENTS_MAX / 2) return;
    this.#older = this.#newer;
    this.#newer = new ByName();
  }

  /** A write failed, and what it left is not known. */
  clear(): void {
    this.#newer = new ByName();
    this.#older = new ByName();
    this.#unseen.clear();
  }

  #known(name: DocumentName): boolean | undefined {
    return this.#newer.get(name) ?? this.#older.get(name);
  }

  #unseenOf(collection: string): UnseenKeys | undefined {
    const unseen = this.#unseen.get(collection);
    return unseen === undefined && this.#isEmpty(collection) ? this.#begin(collection) : unseen;
  }

  #begin(collection: string): UnseenKeys {
    const unseen = new UnseenKeys();
    this.#unseen.set(collection, unseen);
    if (this.#unseen.size > WATCHED_MAX) this.#unseen.delete(this.#unseen.keys().next().value!);
    return unseen;
  }

  #see({ collection, key }: DocumentName): void {
    const unseen = this.#unseen.get(collection);
    unseen?.delete(key);
    if (unseen?.isFull === true) this.#unseen.delete(collection);
  }
}
