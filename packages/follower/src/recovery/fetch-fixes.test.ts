import { START } from '@skein/protocol';
import type { Difference } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import { fetchFixes, type FixLimits } from './fetch-fixes.ts';

const NEVER = new AbortController().signal;
const BYTES = 100;

async function* differences(count: number, theirs: (i: number) => string | null): AsyncGenerator<Difference> {
  for (let i = 0; i < count; i++) yield { collection: 'c', key: `k${i}`, mine: null, theirs: theirs(i) };
}

/** What is fetched in which portions, when the leader has a hundred bytes of each document. */
async function fetched(count: number, limits: Partial<FixLimits>, theirs: (i: number) => string | null = () => 'v') {
  const portions: number[] = [];
  const snapshots = {
    named: async (_at: unknown, names: readonly { readonly collection: string; readonly key: string }[]) => {
      portions.push(names.length);
      return names.map(({ collection }) => ({ collection, levelKey: Buffer.alloc(1), stored: Buffer.alloc(BYTES) }));
    },
  };
  const all = { differencesMax: 10_000, bytesMax: 1024 ** 3, ...limits };
  const { fixes, isPart } = await fetchFixes(snapshots, START, differences(count, theirs), all, NEVER);
  return { documents: fixes.documents.length, removed: fixes.removed.length, isPart, portions };
}

describe('what is fetched of documents that differ', () => {
  it('is all of them, in portions that the leader takes', async () => {
    expect(await fetched(1100, {})).toStrictEqual({
      documents: 1100,
      removed: 0,
      isPart: false,
      portions: [500, 500, 100],
    });
  });

  it('is nothing of those that the leader does not have: they go', async () => {
    const everyOther = (i: number): string | null => (i % 2 === 0 ? 'v' : null);
    expect(await fetched(10, {}, everyOther)).toMatchObject({ documents: 5, removed: 5, portions: [5] });
    expect(await fetched(10, {}, () => null)).toMatchObject({ documents: 0, removed: 10, portions: [] });
  });

  it('is so many and no more, and said to be a part only when there is more', async () => {
    expect(await fetched(10, { differencesMax: 10 })).toMatchObject({ documents: 10, isPart: false });
    expect(await fetched(11, { differencesMax: 10 })).toMatchObject({ documents: 10, isPart: true });
  });

  it('ends when it is too large', async () => {
    const large = await fetched(2000, { bytesMax: 600 * BYTES });
    expect(large).toMatchObject({ documents: 1000, isPart: true, portions: [500, 500] });
  });
});
