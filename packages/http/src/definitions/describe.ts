import type { IndexState, Store } from '@skein/core';
import { DEFINITIONS, type Version } from '@skein/protocol';

interface CollectionSeen {
  readonly name: string;
  readonly documents: number;
  readonly definition?: unknown;
  /** How its indexes are on this node. */
  readonly indexes?: readonly IndexState[];
}

/** Every collection that has documents or a definition. */
export async function describeCollections(store: Store): Promise<readonly CollectionSeen[]> {
  const counted = new Map((await store.collections()).map(({ name, documents }) => [name, documents]));
  const defined = new Map((await definitionsOf(store)).map((one) => [one.collection, one]));
  return [...new Set([...counted.keys(), ...defined.keys()])].toSorted().map((name) => {
    const documents = counted.get(name) ?? 0;
    const one = defined.get(name);
    return one === undefined
      ? { name, documents }
      : { name, documents, definition: one.definition, indexes: one.indexes };
  });
}

interface DefinitionSeen {
  readonly collection: string;
  readonly version: Version;
  readonly definition: unknown;
  readonly indexes: readonly IndexState[];
}

export async function definitionsOf(store: Store): Promise<readonly DefinitionSeen[]> {
  const seen: DefinitionSeen[] = [];
  for await (const { key, version, value } of store.documents.iterate(DEFINITIONS))
    seen.push({ collection: key, version, definition: value, indexes: store.indexes.describe(key) });
  return seen;
}
