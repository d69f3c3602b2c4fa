import { Store } from '@skein/core';
import { formatPlace } from '@skein/protocol';
import { createMemoryLevel } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Comparison, type DigestSource } from '@skein/http';

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

async function storeWith(valueOf: (i: number) => number): Promise<Store> {
  const store = await Store.open({ level: (await createMemoryLevel()).level, role: 'leader', node: 'n' });
  stores.push(store);
  const operations = Array.from({ length: 2000 }, (_, i) => {
    return { op: 'put', collection: 'c', key: `k${i}`, valueText: String(valueOf(i)) } as const;
  });
  for (let i = 0; i < 2000; i += 1000) await store.load(operations.slice(i, i + 1000));
  return store;
}

async function digestOf(store: Store): Promise<DigestSource> {
  return store.digests.at(await store.snapshot(), 'value');
}

describe('a comparison that begins at a place', () => {
  it('finds what differs from there on, and nothing before', async () => {
    const mine = await digestOf(await storeWith((i) => i));
    const theirs = await digestOf(await storeWith((i) => (i % 50 === 0 ? -1 : i)));
    const placesFrom = async (start: string | null): Promise<readonly string[]> => {
      const places: string[] = [];
      for await (const { collection, key } of new Comparison(mine, theirs, 8).differences(start))
        places.push(formatPlace(collection, key));
      return places;
    };
    const all = await placesFrom(null);
    expect(all).toHaveLength(40);
    for (const [i, place] of all.entries()) {
      expect(await placesFrom(place)).toStrictEqual(all.slice(i));
      expect(await placesFrom(`${place}!`)).toStrictEqual(all.slice(i + 1));
    }
    expect(await placesFrom('b/k')).toStrictEqual(all);
    expect(await placesFrom('d/k')).toStrictEqual([]);
  });
});
