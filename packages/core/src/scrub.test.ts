import { SkeinError } from '@skein/protocol';
import { MemoryLevel } from 'memory-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Level } from './level/level.ts';
import { Store } from './store.ts';

const RECORDS = 200;

let level: Level;
let store: Store;
/** Groups of entries that were read, from the log and from the documents. */
let groups: number;
let onGroup: () => void;

beforeEach(async () => {
  level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  store = await Store.open({ level, role: 'leader', node: 'leader-1' });
  for (let i = 0; i < RECORDS; i++)
    await store.load(
      Array.from({ length: 15 }, (_, n) => ({ op: 'put', collection: 'c', key: `${i}-${n}`, valueText: '1' })),
    );
  groups = 0;
  onGroup = () => undefined;
  countGroups();
});

afterEach(() => store.close());

function countGroups(): void {
  const open = level.iterator.bind(level) as (options: object) => ReturnType<Level['iterator']>;
  level.iterator = ((options: object) => {
    const iterator = open(options);
    const read = iterator.nextv.bind(iterator);
    iterator.nextv = async (count: number) => {
      const entries = await read(count);
      groups++;
      onGroup();
      return entries;
    };
    return iterator;
  }) as Level['iterator'];
}

/** How many groups are read when the signal comes with so many; and what became of it. */
async function stoppedAt(count: number, reason: Error): Promise<{ readonly read: number; readonly end: unknown }> {
  const stopping = new AbortController();
  groups = 0;
  onGroup = () => {
    if (groups === count) stopping.abort(reason);
  };
  const end = await store.scrub(stopping.signal).catch((error: unknown) => error);
  return { read: groups, end };
}

describe('reading everything that is stored', () => {
  it('ends at the next group of entries when it is told to, wherever it is', async () => {
    await store.scrub();
    const all = groups;
    const reason = new Error('the node goes down');
    for (const count of [1, Math.floor(all / 2), all - 3]) {
      const { read, end } = await stoppedAt(count, reason);
      expect(end).toBe(reason);
      // One group is read ahead.
      expect(read - count).toBeLessThanOrEqual(1);
    }
  });

  it('takes a reason to stop for nothing that is wrong with the store', async () => {
    const reason = new SkeinError('stopping');
    expect((await stoppedAt(2, reason)).end).toBe(reason);
    expect(store.state).toBe('ready');
  });

  it('looks for one document by its key of any eight, and of any two KiB', async () => {
    await store.load(
      Array.from({ length: 100 }, (_, i) => ({
        op: 'put',
        collection: 'large',
        key: String(i),
        valueText: JSON.stringify('x'.repeat(600)),
      })),
    );
    const looked = new Set<unknown>();
    const getMany = level.getMany.bind(level) as unknown as (
      keys: readonly unknown[],
      options: object,
    ) => Promise<never>;
    Object.assign(level, {
      getMany: (keys: readonly unknown[], options: object) => {
        for (const key of keys) looked.add(key);
        return getMany(keys, options);
      },
    });
    expect((await store.scrub()).problems).toStrictEqual([]);
    const keys = await level.keys({ gte: 'dc', lt: 'e', keyEncoding: 'utf8' }).all();
    const gaps = keys.flatMap((key, i) => (looked.has(key) ? [i] : [])).map((at, i, all) => at - (all[i - 1] ?? -1));
    const [small, large] = [gaps.slice(0, RECORDS), gaps.slice(-20)];
    expect([gaps[0], Math.max(...small), Math.max(...large)]).toStrictEqual([1, 8, 3]);
  });
});
