import type { Level } from './level.ts';

type Entry<Key> = readonly [key: Key, value: Buffer];

/** For whoever reads many: a key as a string costs a third of what one as bytes does. */
export const KEYS_AS_TEXT = { keyEncoding: 'utf8' } as const;

/**
 * Groups of entries, each of which LevelDB reads while the one before it is worked on. `wanted` says how many there are to be
 * beside so many that have been read and not been given yet; with none it ends.
 */
export async function* readAhead<Key = Buffer>(
  level: Level,
  range: object,
  wanted: (read: number) => number,
): AsyncGenerator<readonly Entry<Key>[]> {
  const iterator = level.iterator<Key, Buffer>(range);
  try {
    for (let entries: readonly Entry<Key>[] = await iterator.nextv(wanted(0)); entries.length > 0;) {
      const count = wanted(entries.length);
      const next = count > 0 ? iterator.nextv(count) : Promise.resolve([]);
      // Whoever comes for it is told if it fails.
      next.catch(() => undefined);
      yield entries;
      entries = await next;
    }
  } finally {
    await iterator.close();
  }
}
