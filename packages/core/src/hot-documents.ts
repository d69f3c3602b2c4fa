import type { Document } from './document.ts';

const BYTES_MAX = 16 * 1024 * 1024;
/** What a document takes beside its value. */
const OVERHEAD_BYTES = 250;

type ByKey = Map<string, Document>;

/** To keep what is read once, of very many, costs more than it is ever worth; what is read often is soon among these. */
const KEPT_OF = 8;

/**
 * Documents that are read often, kept so that reading them again is no read: one of every eight that come by. There are two
 * generations: when the newer one has grown to half of the bound it becomes the older one, and what nobody asked for
 * meanwhile is forgotten. A document is forgotten with the change that touches it.
 */
export class HotDocuments {
  #newer = new Map<string, ByKey>();
  #older = new Map<string, ByKey>();
  #newerBytes = 0;
  #comeBy = 0;

  get(collection: string, key: string): Document | undefined {
    const document = this.#newer.get(collection)?.get(key);
    if (document !== undefined) return document;
    const older = this.#older.get(collection)?.get(key);
    if (older !== undefined) this.#keep(collection, older);
    return older;
  }

  /** A document was read that was not here. */
  offer(collection: string, document: Document): void {
    if (++this.#comeBy % KEPT_OF === 0) this.#keep(collection, document);
  }

  /** Something was written there. */
  forget(collection: string, key: () => string): void {
    const newer = this.#newer.get(collection);
    const older = this.#older.get(collection);
    if (newer === undefined && older === undefined) return;
    const name = key();
    newer?.delete(name);
    older?.delete(name);
  }

  /** What is stored is another thing altogether. */
  clear(): void {
    this.#newer = new Map();
    this.#older = new Map();
    this.#newerBytes = 0;
  }

  #keep(collection: string, document: Document): void {
    const bytes = document.valueLength + OVERHEAD_BYTES;
    if (bytes > BYTES_MAX / 16) return;
    let documents = this.#newer.get(collection);
    if (documents === undefined) this.#newer.set(collection, (documents = new Map()));
    documents.set(document.key, document);
    this.#newerBytes += bytes;
    if (this.#newerBytes < BYTES_MAX / 2) return;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#newerBytes = 0;
  }
}
