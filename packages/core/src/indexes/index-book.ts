import { SkeinError } from '@skein/protocol';
import { encodeJson } from '../facts.ts';
import { ALL_INDEXES, indexEntryKey, indexEntryPrefix, indexKey } from '../level/layout.ts';
import type { Level, LevelBatch, LevelSnapshot } from '../level/level.ts';
import { putSealed, unseal } from '../level/sealed.ts';
import { endOfFields } from './encode-fields.ts';
import { indexedFields, isSameSpec, type IndexedDocument, type IndexSpec } from './index-spec.ts';

/** An index as it is kept on this node: every write to its collection keeps it, from the moment it is in the book. */
export interface Index {
  readonly collection: string;
  readonly spec: IndexSpec;
  /** What its entries begin with. Never used twice, so that what is left of another index is not in this one. */
  readonly number: number;
  /** The key up to which documents that were there before it have their entries; null before the first. */
  readonly builtTo: string | null;
  /** How many documents have been looked at to build it. */
  readonly looked: number;
  readonly isReady: boolean;
}

/** The indexes of this node. What they are is stored beside their entries; each change of it is durable before it is here. */
export class IndexBook {
  readonly #byCollection = new Map<string, readonly Index[]>();
  /** Numbers whose entries belong to nothing any more. */
  readonly #leftOver = new Set<number>();
  #numberNext = 1;
  #revision = 0;

  static async load(level: Level, snapshot?: LevelSnapshot): Promise<IndexBook> {
    const book = new IndexBook();
    const options = snapshot === undefined ? {} : { snapshot };
    for await (const [key, sealed] of level.iterator({ ...ALL_INDEXES, ...options }))
      book.put(decode(unseal(key, sealed)));
    return book;
  }

  /** Grows with each change. */
  get revision(): number {
    return this.#revision;
  }

  of(collection: string): readonly Index[] {
    return this.#byCollection.get(collection) ?? [];
  }

  *all(): Generator<Index> {
    for (const indexes of this.#byCollection.values()) yield* indexes;
  }

  get isEmpty(): boolean {
    return this.#byCollection.size === 0;
  }

  /** The index that is made as a definition says, if there is one. */
  find(collection: string, spec: IndexSpec): Index | undefined {
    return this.of(collection).find((index) => isSameSpec(index.spec, spec));
  }

  put(index: Index): void {
    const others = this.of(index.collection).filter(({ spec }) => spec.name !== index.spec.name);
    this.#byCollection.set(index.collection, [...others, index]);
    this.#revision++;
    this.#numberNext = Math.max(this.#numberNext, index.number + 1);
  }

  remove({ collection, spec, number }: Index): void {
    const others = this.of(collection).filter(({ spec: { name } }) => name !== spec.name);
    if (others.length === 0) this.#byCollection.delete(collection);
    else this.#byCollection.set(collection, others);
    this.#revision++;
    this.leave(number);
  }

  /** There are entries of this number, and no index. */
  leave(number: number): void {
    this.#leftOver.add(number);
    this.#numberNext = Math.max(this.#numberNext, number + 1);
  }

  /** One of the numbers whose entries are to go; undefined when there is none. */
  get leftOver(): number | undefined {
    return this.#leftOver.values().next().value;
  }

  isGone(number: number): void {
    this.#leftOver.delete(number);
  }

  takeNumber(): number {
    return this.#numberNext++;
  }
}

export function putIndex(batch: LevelBatch, index: Index): void {
  putSealed(batch, indexKey(index.collection, index.spec.name), encodeJson(index));
}

export function removeIndex(batch: LevelBatch, { collection, spec }: Index): void {
  batch.del(indexKey(collection, spec.name));
}

/** The Level key of a document's entry; undefined when it has none. */
export function entryKeyOf(
  { number, spec }: Pick<Index, 'number' | 'spec'>,
  document: IndexedDocument,
  keyBytes: Buffer,
): Buffer | undefined {
  const fields = indexedFields(spec, document);
  return fields === undefined ? undefined : indexEntryKey(number, fields, keyBytes);
}

/** The key of the document that an entry is of. */
export function documentOf({ spec }: Index, entryKey: Buffer): string {
  const start = indexEntryPrefix(0, Buffer.alloc(0)).length;
  const count = spec.kind === 'fields' ? spec.fields.length : 1;
  return entryKey.toString('utf8', endOfFields(entryKey, start, count));
}

/** What the entries of all documents begin with that are like this one in the fields of the index. */
export function entryPrefixOf({ number, spec }: Index, document: IndexedDocument): Buffer | undefined {
  const fields = indexedFields(spec, document);
  return fields === undefined ? undefined : indexEntryPrefix(number, fields);
}

function decode(bytes: Buffer): Index {
  try {
    return JSON.parse(bytes.toString()) as Index;
  } catch (error) {
    throw new SkeinError('corrupt', 'what an index is cannot be read', {}, error);
  }
}
