import type { Clock, Digest, PublishListener, Snapshot, Store } from '@skein/core';
import { isSkeinError, type DigestBy, type Position } from '@skein/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pins } from '../pins.ts';
import { DigestDesk } from './digest-desk.ts';

const positionOf = (offset: number): Position => ({ offset, epoch: '1-00000000', hash: '0'.repeat(16) });

/** A store that is written all the time, all over: no digest is made without reading everything. */
class SlowStore {
  readonly open = new Set<Snapshot>();
  facts = { head: positionOf(10), tail: 1 };
  tell: PublishListener = () => undefined;
  /** Positions of which digests were begun. */
  readonly begun: number[] = [];
  /** Digests are made at once unless the test says when. */
  isSlow = true;
  finish: () => void = () => undefined;
  readonly #made = new Map<Snapshot, Promise<Digest>>();
  #turn: Promise<unknown> = Promise.resolve();
  readonly digests = {
    at: (snapshot: Snapshot, _by: DigestBy, signal: AbortSignal): Promise<Digest> => {
      const known = this.#made.get(snapshot);
      if (known !== undefined) return known;
      const made = this.#turn.then(() => this.#make(snapshot, signal));
      this.#turn = made.catch(() => undefined);
      this.#made.set(snapshot, made);
      return made;
    },
  };

  subscribe(listener: PublishListener): () => void {
    this.tell = listener;
    return () => undefined;
  }

  writeTo(offset: number): void {
    this.facts = { head: positionOf(offset), tail: 1 };
  }

  async snapshot(): Promise<Snapshot> {
    const snapshot = { position: this.facts.head, close: async () => void this.open.delete(snapshot) } as Snapshot;
    this.open.add(snapshot);
    return snapshot;
  }

  async #make(snapshot: Snapshot, signal: AbortSignal): Promise<Digest> {
    this.begun.push(snapshot.position.offset);
    if (this.isSlow)
      await new Promise<void>((resolve, reject) => {
        this.finish = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    if (!this.open.has(snapshot)) throw new Error('the snapshot was closed while it was read');
    return { root: { position: snapshot.position.offset } } as unknown as Digest;
  }
}

let nowMs: number;
let longSleeps: { readonly untilMs: number; readonly wake: () => void }[];

/** Nobody waits: five seconds are over as soon as nothing else happens. A pin sleeps until the test lets time pass. */
const clock = {
  now: () => ++nowMs,
  later: (_ms: number, act: () => void) => {
    const soon = setImmediate(act);
    return () => clearImmediate(soon);
  },
  sleep: async (ms: number, signal?: AbortSignal) => {
    return new Promise((resolve) => {
      longSleeps.push({ untilMs: nowMs + ms, wake: () => resolve(undefined) });
      signal?.addEventListener('abort', () => resolve(undefined));
    });
  },
} as Clock;

let store: SlowStore;
let stopping: AbortController;
let desk: DigestDesk;

beforeEach(() => {
  nowMs = 0;
  longSleeps = [];
  store = new SlowStore();
  stopping = new AbortController();
  const served = store as unknown as Store;
  desk = new DigestDesk({ store: served, clock, stopping: stopping.signal }, new Pins(served, clock));
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  for (const { untilMs, wake } of longSleeps) if (untilMs <= nowMs) wake();
  longSleeps = longSleeps.filter(({ untilMs }) => untilMs > nowMs);
  await settled();
}

async function finish(): Promise<void> {
  store.finish();
  await settled();
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  const end = await asked.then(
    () => 'answered',
    (error: unknown) => error,
  );
  return isSkeinError(end) ? end.code : String(end);
}

const from = (offset: number) => ({ kind: 'offset', offset }) as const;
const pinned = async (offsetMin: number): Promise<number> =>
  (await desk.pin(from(offsetMin), 'version')).position.offset;
const newest = async (): Promise<unknown> => (await desk.newest('version')).root.position;
const rootAt = (offset: number): Promise<unknown> =>
  desk.read(positionOf(offset), 'version', ({ root }) => root.position);

describe('digests over HTTP', () => {
  it('that are still being made are answered with when to come again, and made once for all who ask', async () => {
    const wall = await Promise.all(Array.from({ length: 20 }, () => codeOf(desk.newest('version'))));
    expect(new Set(wall)).toStrictEqual(new Set(['starting']));
    expect(await codeOf(desk.newest('version'))).toBe('starting');
    expect([store.begun, store.open.size]).toStrictEqual([[10], 1]);

    await finish();
    expect(await newest()).toBe(10);
    expect([store.begun, store.open.size]).toStrictEqual([[10], 1]);
  });

  it('are of one position for some seconds, however fast the store goes on', async () => {
    store.isSlow = false;
    expect(await newest()).toBe(10);
    store.writeTo(11);
    expect(await newest()).toBe(10);
    await pass(5000);
    expect(await newest()).toBe(11);
  });

  it('are of one position until they are made, however long it takes and whatever is written', async () => {
    for (let i = 0; i < 10; i++) {
      expect(await pinned(10)).toBe(10);
      expect(await codeOf(rootAt(10))).toBe('starting');
      expect(await codeOf(desk.newest('version'))).toBe('starting');
      store.writeTo(11 + i);
      await pass(20_000);
    }
    await finish();
    expect([await pinned(10), await rootAt(10), await newest()]).toStrictEqual([10, 10, 10]);
    expect(store.begun).toStrictEqual([10]);
  });

  it('are of that position for as long again as they took to be made', async () => {
    await pinned(10);
    await pass(30_000);
    await pinned(10);
    await finish();
    store.writeTo(11);
    await pass(25_000);
    expect(await pinned(10)).toBe(10);
    await pass(10_000);
    expect(await pinned(10)).toBe(11);
  });

  it('are made one after the other: who needs a later position is told to come again', async () => {
    expect(await pinned(10)).toBe(10);
    store.writeTo(12);
    expect(await codeOf(desk.pin(from(11), 'version'))).toBe('starting');
    expect([await pinned(10), store.begun]).toStrictEqual([10, [10]]);
    await finish();
    expect(await Promise.all([pinned(11), pinned(12)])).toStrictEqual([12, 12]);
    expect(store.begun).toStrictEqual([10, 12]);
  });

  it('are let go when nobody has asked for them in a minute', async () => {
    expect(await codeOf(desk.newest('version'))).toBe('starting');
    store.writeTo(11);
    await pass(61_000);
    expect(store.open.size).toBe(0);
    await finish();
    expect(await codeOf(desk.newest('version'))).toBe('starting');
    expect(store.begun).toStrictEqual([10, 11]);
  });

  it('are made anew when the store has become another', async () => {
    store.isSlow = false;
    expect(await newest()).toBe(10);
    store.writeTo(20);
    store.tell({ records: [], head: store.facts.head, tookMs: 0, isAnew: true });
    expect(await newest()).toBe(20);
  });

  it('are of no position that the log has not come to', async () => {
    expect(await codeOf(desk.pin(from(11), 'version'))).toBe('ahead');
    expect(store.begun).toStrictEqual([]);
  });

  it('that are being made end when the node stops, and whoever waits is told so', async () => {
    const asked = codeOf(desk.newest('version'));
    while (store.begun.length === 0) await Promise.resolve();
    stopping.abort();
    expect(await asked).toBe('stopping');
  });
});
