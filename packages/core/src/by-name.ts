/** A document by its name. */
export interface DocumentName {
  readonly collection: string;
  readonly key: string;
}

/** Something known of some documents. */
export interface ReadonlyByName<T> extends Iterable<DocumentName & { readonly value: T }> {
  readonly size: number;
  has(name: DocumentName): boolean;
  get(name: DocumentName): T | undefined;
}

/** A map for each collection: one text of both names would be made, and hashed, for each look. */
export class ByName<T> implements ReadonlyByName<T> {
  readonly #collections = new Map<string, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has({ collection, key }: DocumentName): boolean {
    return this.#collections.get(collection)?.has(key) === true;
  }

  get({ collection, key }: DocumentName): T | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  set({ collection, key }: DocumentName, value: T): void {
    const documents = this.#collections.get(collection) ?? new Map<string, T>();
    if (documents.size === 0) this.#collections.set(collection, documents);
    const before = documents.size;
    documents.set(key, value);
    this.#size += documents.size - before;
  }

  *[Symbol.iterator](): Generator<DocumentName & { readonly value: T }> {
    for (const [collection, documents] of this.#collections)
      for (const [key, value] of documents) yield { collection, key, value };
  }
}
