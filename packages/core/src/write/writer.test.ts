import { setImmediate } from 'node:timers/promises';
import type { AbstractChainedBatchWriteOptions } from 'abstract-level';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import type { Level, LevelBatch } from '../level/level.ts';
import type { Idempotency } from './operation.ts';
import { Store } from '../store.ts';

interface Watched {
  readonly store: Store;
  /** What happened: `write` when a batch goes to the disk, `tell` when all are told of it, `answer` to a client. */
  readonly events: string[];
  put(key: string, idempotency?: Idempotency): Promise<void>;
}

/** A leader whose batches and answers are written down as they happen. */
async function watched(): Promise<Watched> {
  const level: Level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const store = await Store.open({ level, role: 'leader', node: 'leader-1' });
  const events: string[] = [];
  const makeBatch = level.batch.bind(level) as () => ReturnType<Level['batch']>;
  level.batch = (() => {
    const batch = makeBatch();
    const write = batch.write.bind(batch);
    batch.write = (async (options: AbstractChainedBatchWriteOptions) => {
      events.push('write');
      // As long as it takes to decide what comes next.
      await setImmediate();
      return write(options);
    }) as LevelBatch['write'];
    return batch;
  }) as Level['batch'];
  store.subscribe(() => events.push('tell'));
  const put = (key: string, idempotency?: Idempotency): Promise<void> =>
    store.commit({ operations: [{ op: 'put', collection: 'c', key, valueText: '1' }], idempotency }).then(() => {
      events.push(`answer ${key}`);
    });
  return { store, events, put };
}

/** What has been written twice needs no look at the disk. */
async function rewritten(put: Watched['put']): Promise<void> {
  for (let i = 0; i < 2; i++) await Promise.all([put('a'), put('b')]);
}

describe('the writer', () => {
  it('gives the disk its next batch before it tells of the last one and answers it', async () => {
    const { events, put } = await watched();
    await rewritten(put);
    events.length = 0;
    const first = put('a');
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, put('b')]);
    expect(events).toStrictEqual(['write', 'write', 'tell', 'answer a', 'tell', 'answer b']);
  });

  it('tells of the last one first when somebody waits for the store to be as it is then', async () => {
    const { store, events, put } = await watched();
    await rewritten(put);
    const { offset } = store.facts.head;
    events.length = 0;
    const first = put('a');
    await Promise.resolve();
    await Promise.resolve();
    const second = put('b');
    const snapshot = await store.snapshot();
    expect([snapshot.position.offset, events]).toStrictEqual([offset + 1, ['write', 'tell']]);
    await Promise.all([first, second, snapshot.close()]);
    expect(events).toStrictEqual(['write', 'tell', 'write', 'answer a', 'tell', 'answer b']);
  });

  it('makes groups alike when much waits behind a small one', async () => {
    const { store, put } = await watched();
    const sizes: number[] = [];
    store.subscribe(({ records }) => sizes.push(records[0]!.offsetLast - records[0]!.offsetFirst + 1));
    const first = put('first');
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 63 }, (_, i) => put(`k${i}`))]);
    expect(sizes).toStrictEqual([1, 32, 31]);
  });

  it('takes all that waits after a rest, and of much one half after the other', async () => {
    const { store, put } = await watched();
    const sizes: number[] = [];
    store.subscribe(({ records }) => sizes.push(records[0]!.offsetLast - records[0]!.offsetFirst + 1));
    for (const count of [1, 31, 64]) await Promise.all(Array.from({ length: count }, (_, i) => put(`k${i}`)));
    expect(sizes).toStrictEqual([1, 31, 32, 32]);
    // Of these the second half could not be decided before the first is durable.
    const digest = (i: number): string => i.toString(16).padStart(32, '0');
    await Promise.all(
      Array.from({ length: 64 }, (_, i) => put(`k${i}`, { keyDigest: digest(i), requestDigest: digest(i) })),
    );
    expect(sizes.slice(4)).toStrictEqual([64]);
  });

  it('answers 200 and 201 as documents come and go, though it looks nothing up', async () => {
    const { store } = await watched();
    const collection = store.collection('c');
    const created: boolean[] = [];
    for (const step of ['put', 'put', 'delete', 'put', 'put'] as const)
      created.push((await (step === 'put' ? collection.put('k', 1) : collection.delete('k'))).created);
    expect(created).toStrictEqual([true, false, false, true, false]);
    expect(await store.collections()).toStrictEqual([{ name: 'c', documents: 1 }]);
  });
});
