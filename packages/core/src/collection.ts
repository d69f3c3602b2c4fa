import {
  checkJson,
  checkKey,
  checkReadableCollection,
  LIMITS,
  parseJson,
  SkeinError,
  type JsonText,
  type JsonValue,
} from '@skein/protocol';
import type { Document } from './document.ts';
import type { DocumentPage, ScanOptions } from './documents.ts';
import type { IndexQuery } from './indexes/query.ts';
import type { Store } from './store.ts';
import { watchChanges, type Watched, type WatchOptions } from './watch.ts';
import type { Committed, CommittedChange, Condition, Transaction } from './write/operation.ts';

export interface Written extends CommittedChange {
  readonly position: Committed['position'];
}

/** What a collection reads from, and who takes its writes. */
export interface CollectionSource extends Pick<Store, 'documents' | 'indexes' | 'facts' | 'readLog' | 'subscribe'> {
  commit(transaction: Transaction): Promise<Committed>;
}

/** What a patch may have of a value: any part of it, and null for what is to go. */
export type PatchOf<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Name in keyof Value]?: PatchOf<Value[Name]> | null }
    : Value;

/** All documents, those whose keys begin with a prefix, or one. */
export type WatchedKeys = { readonly key: string } | { readonly prefix?: string | undefined };

export interface CollectionOptions<Value, Given> {
  /** Makes of what a program gives what is to be stored, or throws. */
  readonly parse?: ((given: Given) => Value) | undefined;
}

/**
 * A named set of documents, for programs that hold the store themselves. Names, keys and values are checked here. What its
 * values are is the program's to say, and holds for what it writes through this; for whoever else writes, a definition does.
 */
export class Collection<Value = JsonValue, Given = Value> {
  readonly name: string;
  readonly #source: CollectionSource;
  readonly #parse: (given: Given) => unknown;

  constructor(source: CollectionSource, name: string, { parse }: CollectionOptions<Value, Given> = {}) {
    this.#source = source;
    this.name = checkReadableCollection(name);
    this.#parse = parse ?? ((given) => given);
  }

  get(key: string): Promise<Document<Value> | undefined> {
    return this.#source.documents.get(this.name, checkKey(key)) as Promise<Document<Value> | undefined>;
  }

  async getMany(keys: readonly string[]): Promise<readonly (Document<Value> | undefined)[]> {
    const names = keys.map((key) => ({ collection: this.name, key: checkKey(key) }));
    return (await this.#source.documents.getMany(names)) as readonly (Document<Value> | undefined)[];
  }

  /** One page in key order. */
  async scan(options: ScanOptions = {}): Promise<DocumentPage<Value>> {
    return (await this.#source.documents.scan(this.name, options)) as DocumentPage<Value>;
  }

  /** All documents in key order, as of the moment it begins. */
  iterate(options: ScanOptions = {}): AsyncGenerator<Document<Value>> {
    return this.#source.documents.iterate(this.name, options) as AsyncGenerator<Document<Value>>;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Document<Value>> {
    return this.iterate();
  }

  /** One page in the order of an index. */
  async query(
    index: string,
    query: IndexQuery & { readonly limit?: number | undefined } = {},
  ): Promise<DocumentPage<Value>> {
    return (await this.#source.indexes.page(this.name, index, query)) as DocumentPage<Value>;
  }

  /** All documents that an index finds, as of the moment it begins. */
  find(index: string, query: IndexQuery = {}): AsyncGenerator<Document<Value>> {
    return this.#source.indexes.iterate(this.name, index, query) as AsyncGenerator<Document<Value>>;
  }

  /** What happens to documents from now on, or from a position. It ends when the signal says so, or its reader leaves. */
  watch(keys: WatchedKeys = {}, options: WatchOptions = {}): AsyncGenerator<Watched<Value>> {
    const isWanted = 'key' in keys ? sameAs(checkKey(keys.key)) : beginningWith(keys.prefix ?? '');
    return watchChanges(this.#source, (collection, key) => collection === this.name && isWanted(key), options);
  }

  put(key: string, value: Given, condition?: Condition): Promise<Written> {
    return this.#checked(() => {
      const valueText = textOf(this.#parse(value));
      return { op: 'put', collection: this.name, key: checkKey(key), valueText, condition };
    });
  }

  patch(key: string, patch: PatchOf<Given>, condition?: Condition): Promise<Written> {
    return this.#checked(() => {
      return { op: 'patch', collection: this.name, key: checkKey(key), patch: parseJson(textOf(patch)), condition };
    });
  }

  delete(key: string, condition?: Condition): Promise<Written> {
    return this.#checked(() => ({ op: 'delete', collection: this.name, key: checkKey(key), condition }));
  }

  increment(key: string, by = 1): Promise<Written> {
    return this.#checked(() => ({ op: 'increment', collection: this.name, key: checkKey(key), by }));
  }

  decrement(key: string, by = 1): Promise<Written> {
    return this.increment(key, -by);
  }

  append(key: string, text: string): Promise<Written> {
    return this.#checked(() => ({ op: 'append', collection: this.name, key: checkKey(key), text }));
  }

  prepend(key: string, text: string): Promise<Written> {
    return this.#checked(() => ({ op: 'prepend', collection: this.name, key: checkKey(key), text }));
  }

  /** What is wrong with what was given is a rejection, as any other refusal. */
  async #checked(make: () => Transaction['operations'][number]): Promise<Written> {
    const { changes, position } = await this.#source.commit({ operations: [make()] });
    const { collection, key, version, created, valueText } = changes[0]!;
    return { collection, key, version, created, valueText, position };
  }
}

function sameAs(wanted: string): (key: string) => boolean {
  return (key) => key === wanted;
}

function beginningWith(prefix: string): (key: string) => boolean {
  return (key) => key.startsWith(prefix);
}

/** A value of the program's own as JSON. NaN is refused before `JSON.stringify` makes it null. */
function textOf(value: unknown): JsonText {
  checkJson(value as JsonValue, LIMITS.jsonDepthMax);
  const text = JSON.stringify(value) as JsonText | undefined;
  if (text === undefined) throw new SkeinError('bad_json', `JSON has nothing for a value of type ${typeof value}`);
  return text;
}
