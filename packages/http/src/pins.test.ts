import type { Clock, PublishListener, Snapshot, Store } from '@skein/core';
import { isSkeinError, SkeinError, type Position } from '@skein/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pins } from './pins.ts';

const at = (offset: number): Position => ({ offset, epoch: '1-aaaaaaaa', hash: 'f'.repeat(16) });

let nowMs = 0;
let open: Set<number>;
let sleepers: { readonly untilMs: number; readonly wake: () => void }[];
let head: Position;
let tell: PublishListener;
let pins: Pins;

const clock: Clock = {
  now: () => nowMs,
  wall: () => nowMs,
  later: () => () => undefined,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      sleepers.push({ untilMs: nowMs + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    }),
};

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  for (const { untilMs, wake } of sleepers) if (untilMs <= nowMs) wake();
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  nowMs = 0;
  open = new Set();
  sleepers = [];
  head = at(1);
  const store = {
    get facts() {
      return { head };
    },
    subscribe: (listener: PublishListener) => (tell = listener),
    snapshot: async () => {
      const position = head;
      open.add(position.offset);
      return { position, close: async () => void open.delete(position.offset) } as unknown as Snapshot;
    },
  };
  pins = new Pins(store as unknown as Store, clock);
});

async function offsetOf(pin: ReturnType<Pins['take']>): Promise<number> {
  return (await pin).snapshot.position.offset;
}

async function isGone(offset: number): Promise<boolean> {
  return pins.at(at(offset)).then(
    () => false,
    (error: unknown) => isSkeinError(error, 'snapshot_gone'),
  );
}

describe('a pin', () => {
  it('is shared by all who ask at once, and by those who come while it is young', async () => {
    expect(await Promise.all([offsetOf(pins.take(100)), offsetOf(pins.take(0))])).toStrictEqual([1, 1]);
    head = at(2);
    nowMs = 100;
    expect(await offsetOf(pins.take(100))).toBe(1);
    nowMs = 101;
    expect(await offsetOf(pins.take(100))).toBe(2);
  });

  it('is another one for who needs it to be not before an offset', async () => {
    await pins.take(100);
    head = at(2);
    expect(await offsetOf(pins.take(100, 1))).toBe(1);
    expect(await offsetOf(pins.take(100, 2))).toBe(2);
  });

  it('that others are having made is not shared with who needs a later one', async () => {
    const early = pins.take(0);
    head = at(2);
    expect(await Promise.all([offsetOf(early), offsetOf(pins.take(0, 2))])).toStrictEqual([1, 2]);
  });

  it('is let go when the content is another one, though it may be at the same position', async () => {
    const before = await pins.take(100);
    nowMs = 1;
    const making = pins.take(0);
    tell({ records: [], head, tookMs: 0, isAnew: true });
    const after = await making;
    expect(after.id).not.toBe(before.id);
    expect((await pins.at(at(1))).id).toBe(after.id);
    tell({ records: [], head, tookMs: 0, isAnew: false });
    expect((await pins.take(100)).id).toBe(after.id);
  });

  it('stays for a minute from when it was last asked for, and is gone then', async () => {
    await pins.take(0);
    head = at(2);
    await pass(59_000);
    expect(await isGone(1)).toBe(false);
    await pass(59_000);
    expect(open.has(1)).toBe(true);
    await pass(1000);
    expect([open.has(1), await isGone(1)]).toStrictEqual([false, true]);
  });

  it('does not stay for longer than an hour, however often it is asked for', async () => {
    await pins.take(0);
    head = at(2);
    for (let minutes = 0; minutes < 120 && open.has(1); minutes++) {
      await pass(30_000);
      await pins.at(at(1)).catch(() => undefined);
    }
    expect([open.has(1), nowMs]).toStrictEqual([false, 3_600_000]);
  });

  it('is made again where the store has not moved on', async () => {
    await pins.take(0);
    await pass(61_000);
    expect(open.size).toBe(0);
    expect(await offsetOf(pins.at(at(1)))).toBe(1);
  });

  it('gives way to a new one when there are many, if it is at rest; otherwise the newest is shared', async () => {
    const begin = async (offset: number): Promise<number> => {
      head = at(offset);
      return offsetOf(pins.take(-1));
    };
    for (let offset = 1; offset <= 16; offset++) expect(await begin(offset)).toBe(offset);
    expect(await begin(17)).toBe(16);
    await expect(pins.take(-1, 17)).rejects.toMatchObject({ code: 'overloaded' });
    nowMs = 5000;
    await pins.at(at(1));
    expect(await begin(17)).toBe(17);
    expect([open.size, open.has(1), open.has(2)]).toStrictEqual([16, true, false]);
  });

  it('is gone when what was pinned cannot be read any more', async () => {
    const pin = await pins.take(0);
    head = at(2);
    const failing = (error: Error): Promise<void> => pins.read(pin, () => Promise.reject(error)).catch(() => undefined);
    await failing(new Error('something else'));
    expect(await isGone(1)).toBe(false);
    await failing(new SkeinError('starting'));
    expect(await isGone(1)).toBe(true);
  });

  it('is let go when the node stops', async () => {
    await pins.take(0);
    await pins.close();
    expect([open.size, pins.count]).toStrictEqual([0, 0]);
  });
});
