import type { Document } from './document.ts';

const BYTES_MAX = 16 * 1024 * 1024;
/** What a document takes beside its value. */
const OVERHEAD_BYTES = 250;
/** A larger one would drive out too many others. */
const DOCUMENT_BYTES_MAX = BYTES_MAX / 16;

/** As many as fit there when they are small; a power of two. */
const PLACES = 32_768;

/** To keep what is read once, of very many, costs more than it is ever worth; what is read often is soon among these. */
const KEPT_OF = 8;

interface Kept {
  readonly collection: string;
  readonly document: Document;
  readonly bytes: number;
  /** It was asked for since it was last to go. */
  isWanted: boolean;
}

/**
 * Documents that are read often, kept so that reading them again is no read: one of every eight that come by. Each has its
 * one place, by the hash of its name, so a look that finds none is one look. It gives way to another that belongs there, or
 * when there is no room, unless somebody asked for it since it was last to go. A document is forgotten with the change that
 * touches it.
 */
export class HotDocuments {
  /** What is looked at first, so that most looks end there: the hash of what is kept at each place. */
  readonly #hashes = new Int32Array(PLACES);
  readonly #places: (Kept | undefined)[] = Array.from({ length: PLACES });
  readonly #counts = new Map<string, number>();
  #bytes = 0;
  #comeBy = 0;
  /** Which place is the next to go where there is no room. */
  #hand = 0;

  get(collection: string, key: string): Document | undefined {
    const hash = hashOf(collection, key);
    const kept = this.#hashes[placeOf(hash)] === hash ? this.#places[placeOf(hash)] : undefined;
    if (kept === undefined || kept.document.key !== key || kept.collection !== collection) return undefined;
    kept.isWanted = true;
    return kept.document;
  }

  /** A document was read that was not here. */
  offer(collection: string, document: Document): void {
    if (++this.#comeBy % KEPT_OF !== 0) return;
    const bytes = document.valueLength + OVERHEAD_BYTES;
    const hash = hashOf(collection, document.key);
    if (bytes > DOCUMENT_BYTES_MAX || !this.#makeRoomAt(placeOf(hash))) return;
    while (this.#bytes + bytes > BYTES_MAX) {
      this.#makeRoomAt(this.#hand);
      this.#hand = placeOf(this.#hand + 1);
    }
    this.#hashes[placeOf(hash)] = hash;
    this.#places[placeOf(hash)] = { collection, document, bytes, isWanted: false };
    this.#count(collection, bytes, 1);
  }

  /** Something was written there. Its name is asked for only where that matters. */
  forget(collection: string, key: () => string): void {
    if (!this.#counts.has(collection)) return;
    const name = key();
    const place = placeOf(hashOf(collection, name));
    const kept = this.#places[place];
    if (kept?.document.key === name && kept.collection === collection) this.#empty(place, kept);
  }

  /** What is stored is another thing altogether. */
  clear(): void {
    this.#hashes.fill(0);
    this.#places.fill(undefined);
    this.#counts.clear();
    this.#bytes = 0;
  }

  /** Whether a place is free then: what somebody asked for stays, this time. */
  #makeRoomAt(place: number): boolean {
    const kept = this.#places[place];
    if (kept === undefined) return true;
    if (!kept.isWanted) this.#empty(place, kept);
    else kept.isWanted = false;
    return this.#places[place] === undefined;
  }

  #empty(place: number, { collection, bytes }: Kept): void {
    this.#places[place] = undefined;
    this.#count(collection, -bytes, -1);
  }

  #count(collection: string, bytes: number, documents: number): void {
    this.#bytes += bytes;
    const count = (this.#counts.get(collection) ?? 0) + documents;
    if (count > 0) this.#counts.set(collection, count);
    else this.#counts.delete(collection);
  }
}

function placeOf(hash: number): number {
  return hash & (PLACES - 1);
}

/** FNV-1a over the characters, stirred once more, for places are told by the last bits. */
function hashOf(collection: string, key: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < collection.length; i++) hash = Math.imul(hash ^ collection.charCodeAt(i), 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
