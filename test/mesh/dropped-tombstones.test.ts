import { Store, type MergeChange } from '@skein/core';
import { createMemoryLevel, ManualClock } from '@skein/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { DroppedTombstones } from '../../packages/mqtt/src/mesh/tombstones/dropped-tombstones.ts';

let store: Store;
let dropped: DroppedTombstones;

beforeEach(async () => {
  const mesh = { newIncarnation: () => 'x', keepsConflicts: false, assertFits: () => undefined };
  const { level } = await createMemoryLevel();
  store = await Store.open({ level, role: 'mesh', node: 'a', clock: new ManualClock(), mesh });
  dropped = new DroppedTombstones(store);
  await dropped.dropTo(20);
});

const change = (ms: number, valueText: string | null): MergeChange => ({
  collection: 'c',
  key: 'k',
  stamp: { ms, node: 'b', incarnation: 'y', seq: ms },
  over: null,
  valueText,
});

describe('where tombstones have been dropped', () => {
  it('an old deletion of what is not here is left out, and a newer one is not', async () => {
    expect(await dropped.without([change(20, null)])).toStrictEqual([]);
    expect(await dropped.without([change(21, null)])).toHaveLength(1);
  });

  it('one of what is here is not left out, nor of what comes with it', async () => {
    const [put, deletion] = [change(10, '1'), change(20, null)];
    expect(await dropped.without([put, deletion])).toStrictEqual([put, deletion]);
    await store.merge([put]);
    expect(await dropped.without([deletion])).toStrictEqual([deletion]);
  });
});
