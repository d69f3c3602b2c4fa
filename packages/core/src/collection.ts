import { checkJson, checkKey, checkReadableCollection, LIMITS, parseJson, type JsonValue } from '@skein/protocol';
import type { Document } from './document.ts';
import type { DocumentPage, ScanOptions } from './documents.ts';
import type { Store } from './store.ts';
import type { Committed, CommittedChange, Condition, Transaction } from './write/operation.ts';

export interface Written extends CommittedChange {
  readonly position: Committed['position'];
}

/** What a collection reads from, and who takes its writes. */
export interface CollectionSource {
  readonly documents: Store['documents'];
  commit(transaction: Transaction): Promise<Committed>;
}

/** A named set of documents, for programs that hold the store themselves. Names, keys and values are checked here. */
export class Collection {
  readonly name: string;
  readonly #store: CollectionSource;

  constructor(store: CollectionSource, name: string) {
    this.#store = store;
    this.name = checkReadableCollection(name);
  }

  get(key: string): Promise<Document | undefined> {
    return this.#store.documents.get(this.name, checkKey(key));
  }

  getMany(keys: readonly string[]): Promise<readonly (Document | undefined)[]> {
    return this.#store.documents.getMany(keys.map((key) => ({ collection: this.name, key: checkKey(key) })));
  }

  scan(options: ScanOptions = {}): Promise<DocumentPage> {
    return this.#store.documents.scan(this.name, options);
  }

  iterate(options: ScanOptions = {}): AsyncGenerator<Document> {
    return this.#store.documents.iterate(this.name, options);
  }

  put(key: string, value: JsonValue, condition?: Condition): Promise<Written> {
    const valueText = JSON.stringify(checked(value));
    return this.#write({ op: 'put', collection: this.name, key: checkKey(key), valueText, condition });
  }

  patch(key: string, patch: JsonValue, condition?: Condition): Promise<Written> {
    return this.#write({
      op: 'patch',
      collection: this.name,
      key: checkKey(key),
      patch: checked(patch),
      condition,
    });
  }

  delete(key: string, condition?: Condition): Promise<Written> {
    return this.#write({ op: 'delete', collection: this.name, key: checkKey(key), condition });
  }

  increment(key: string, by = 1): Promise<Written> {
    return this.#write({ op: 'increment', collection: this.name, key: checkKey(key), by });
  }

  decrement(key: string, by = 1): Promise<Written> {
    return this.increment(key, -by);
  }

  append(key: string, text: string): Promise<Written> {
    return this.#write({ op: 'append', collection: this.name, key: checkKey(key), text });
  }

  prepend(key: string, text: string): Promise<Written> {
    return this.#write({ op: 'prepend', collection: this.name, key: checkKey(key), text });
  }

  async #write(operation: Parameters<Store['commit']>[0]['operations'][number]): Promise<Written> {
    const { changes, position } = await this.#store.commit({ operations: [operation] });
    return { ...changes[0]!, position };
  }
}

/** A value of the program's own as JSON can carry it. NaN is refused before `JSON.stringify` makes it null. */
function checked(value: JsonValue): JsonValue {
  checkJson(value, LIMITS.jsonDepthMax);
  return parseJson(JSON.stringify(value));
}
