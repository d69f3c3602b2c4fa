import { EVERYWHERE, isSkeinError } from '@skein/protocol';
import { MemoryLevel } from 'memory-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeStoredDocument } from '../document.ts';
import { documentKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { Snapshot } from '../snapshot.ts';
import { Store } from '../store.ts';

const DOCUMENTS = 4000;

let level: Level;
let store: Store;
const snapshots: Snapshot[] = [];

beforeEach(async () => {
  level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  store = await Store.open({ level, role: 'leader', node: 'leader-1' });
  await store.load(Array.from({ length: DOCUMENTS }, (_, i) => putOf(`k-${i}`)));
});

afterEach(async () => {
  await Promise.all(snapshots.splice(0).map((snapshot) => snapshot.close()));
  await store.close();
});

function putOf(key: string) {
  return { op: 'put', collection: 'c', key, valueText: '1' } as const;
}

async function snapshotNow(): Promise<Snapshot> {
  const snapshot = await store.snapshot();
  snapshots.push(snapshot);
  return snapshot;
}

async function readFor(work: () => Promise<unknown>): Promise<number> {
  const before = store.digests.documentsRead;
  await work();
  return store.digests.documentsRead - before;
}

async function hashNow(): Promise<string> {
  return (await store.digests.at(await snapshotNow())).root.hash;
}

/** Does something just before the given group of entries is read by an iterator opened from now on. */
function beforeGroup(group: number, work: () => void): void {
  const open = level.iterator.bind(level) as (options: object) => ReturnType<Level['iterator']>;
  level.iterator = ((options: object) => {
    const iterator = open(options);
    const read = iterator.nextv.bind(iterator);
    let groups = 0;
    iterator.nextv = (count: number) => {
      if (++groups === group) work();
      return read(count);
    };
    return iterator;
  }) as Level['iterator'];
}

/** Rewrites a document with a checksum that is right, past the log. */
async function rewrite(key: string, valueText: string): Promise<void> {
  const stored = await level.get(documentKey('c', key));
  const line = stored!.subarray(4).toString();
  const changed = Buffer.from(line.replace(/"value":.*\}$/, `"value":${valueText}}`));
  const target = Buffer.alloc(4 + changed.length);
  writeStoredDocument(target, 0, changed);
  await level.put(documentKey('c', key), target);
}

describe('digests', () => {
  it('read all documents once, and then only the leaves that changed', async () => {
    expect(await readFor(hashNow)).toBe(DOCUMENTS);
    expect(await readFor(hashNow)).toBe(0);
    await store.commit({ operations: [putOf('k-7')] });
    const read = await readFor(hashNow);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(DOCUMENTS / 2);
  });

  it('are made once for all who ask at the same time', async () => {
    const snapshot = await snapshotNow();
    const asked = Promise.all(Array.from({ length: 50 }, () => store.digests.at(snapshot)));
    expect(await readFor(() => asked)).toBe(DOCUMENTS);
    expect(new Set(await asked).size).toBe(1);
  });

  it('read everything when the log was trimmed above where they were', async () => {
    await hashNow();
    for (const key of ['k-1', 'k-2', 'k-3']) await store.commit({ operations: [putOf(key)] });
    await store.trim(DOCUMENTS + 3);
    expect(await readFor(hashNow)).toBe(DOCUMENTS);
  });

  it('see what has changed behind the log only once they are forgotten', async () => {
    const before = await hashNow();
    await rewrite('k-9', '2');
    expect(await hashNow()).toBe(before);
    store.digests.forget();
    expect(await hashNow()).not.toBe(before);
  });

  it('of an older snapshot are its own, and the newer tree is kept', async () => {
    const older = await snapshotNow();
    await store.commit({ operations: [putOf('k-1')] });
    const newest = await hashNow();
    const { root, documents } = await pick(older);
    expect(root.hash).not.toBe(newest);
    expect(documents.find(({ key }) => key === 'k-1')!.version).toMatch(/^2\./);
    expect(await readFor(hashNow)).toBe(0);
  });

  it('by value are the same where only versions differ', async () => {
    const byValue = async () => (await store.digests.at(await snapshotNow(), 'value')).root.hash;
    const before = [await hashNow(), await byValue()];
    await store.commit({ operations: [putOf('k-1')] });
    expect(await hashNow()).not.toBe(before[0]);
    expect(await byValue()).toBe(before[1]);
  });

  it('are of no document that fails its checksum', async () => {
    const stored = (await level.get(documentKey('c', 'k-5')))!;
    await level.put(documentKey('c', 'k-5'), Buffer.from(stored.toString().replace('"value":1', '"value":3'), 'utf8'));
    const failure = await hashNow().catch((error: unknown) => error);
    expect(isSkeinError(failure, 'corrupt')).toBe(true);
    expect(store.state).toBe('corrupt');
  });

  it('are forgotten when the store is opened again after a failed write', async () => {
    await hashNow();
    failNextWrite();
    await store.commit({ operations: [putOf('k-1')] }).catch(() => undefined);
    while (store.state !== 'ready') await new Promise((resolve) => setImmediate(resolve));
    expect(await readFor(hashNow)).toBe(DOCUMENTS);
  });

  it('list documents of large values in pages that end early', async () => {
    const valueText = JSON.stringify('x'.repeat(1000 * 1000));
    for (let i = 0; i < 40; i += 5)
      await store.load(
        Array.from({ length: 5 }, (_, n) => ({ op: 'put', collection: 'large', key: `${i + n}`, valueText }) as const),
      );
    const digest = await store.digests.at(await snapshotNow());
    const first = await digest.documents({ from: 'large/0', to: null });
    expect(first.entries).toHaveLength(34);
    const rest = await digest.documents({ from: first.next!, to: null });
    expect([rest.entries.length, rest.next]).toStrictEqual([6, undefined]);
  });

  it('that are being made end with the store', async () => {
    const made = store.digests.at(await snapshotNow()).catch((error: unknown) => error);
    await store.close();
    expect(isSkeinError(await made, 'stopping')).toBe(true);
  });

  it('that are being made end when they are told to, and are made anew by the next who asks', async () => {
    const stopping = new AbortController();
    const reason = new Error('the node goes down');
    const snapshot = await snapshotNow();
    beforeGroup(3, () => stopping.abort(reason));
    const read = await readFor(async () => {
      const made = store.digests.at(snapshot, 'version', stopping.signal);
      await expect(made).rejects.toBe(reason);
    });
    expect(read).toBe(2 * 256);
    expect(await readFor(() => store.digests.at(snapshot))).toBe(DOCUMENTS);
  });

  it('of an empty store have no branches', async () => {
    const empty = await Store.open({
      level: new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' }),
      role: 'follower',
      node: 'f',
    });
    const snapshot = await empty.snapshot();
    const digest = await empty.digests.at(snapshot);
    expect(digest.root).toMatchObject({ log: null, epoch: null, position: '0', documents: 0 });
    expect(digest.branches(EVERYWHERE)).toStrictEqual({ entries: [] });
    expect(await digest.documents(EVERYWHERE)).toStrictEqual({ entries: [] });
    await snapshot.close();
    await empty.close();
  });
});

async function pick(snapshot: Snapshot) {
  const digest = await store.digests.at(snapshot);
  return { root: digest.root, documents: (await digest.documents(EVERYWHERE)).entries };
}

function failNextWrite(): void {
  const batch = level.batch.bind(level);
  Object.assign(level, {
    batch: () => {
      Object.assign(level, { batch });
      return Object.assign(batch(), { write: () => Promise.reject(new Error('the disk failed')) });
    },
  });
}
