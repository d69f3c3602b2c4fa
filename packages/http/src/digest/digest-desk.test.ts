import type { Clock, Digest, Snapshot, Store } from '@skein/core';
import { isSkeinError, type Position } from '@skein/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pins } from '../pins.ts';
import { DigestDesk } from './digest-desk.ts';

const positionOf = (offset: number): Position => ({ offset, epoch: '1-00000000', hash: '0'.repeat(16) });

/** A store whose digests are made when the test says so. */
class SlowStore {
  readonly open = new Set<Snapshot>();
  made = 0;
  kept: Position | undefined;
  facts = { head: positionOf(10), tail: 1 };
  finish: (() => void) | undefined;
  readonly digests = {
    keptAt: () => this.kept,
    has: () => false,
    at: async (snapshot: Snapshot): Promise<Digest> => {
      this.made++;
      if (this.kept === undefined) await new Promise<void>((resolve) => (this.finish = resolve));
      if (!this.open.has(snapshot)) throw new Error('the snapshot was closed while it was read');
      this.kept = snapshot.position;
      return { root: { position: snapshot.position.offset } } as unknown as Digest;
    },
  };

  readonly subscribe = (): void => undefined;

  async snapshot(): Promise<Snapshot> {
    const snapshot = { position: this.facts.head, close: async () => void this.open.delete(snapshot) } as Snapshot;
    this.open.add(snapshot);
    return snapshot;
  }
}

let nowMs = 0;

/** Nobody waits: five seconds are over as soon as nothing else happens. */
const clock = {
  now: () => ++nowMs,
  sleep: async (ms: number, signal?: AbortSignal) => {
    if (ms > 10_000) await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    else await new Promise((resolve) => setImmediate(resolve));
  },
} as Clock;

let store: SlowStore;
let desk: DigestDesk;

beforeEach(() => {
  store = new SlowStore();
  desk = new DigestDesk(store as unknown as Store, clock, new Pins(store as unknown as Store, clock));
});

async function codeOf(asked: Promise<unknown>): Promise<string> {
  const end = await asked.then(
    () => 'answered',
    (error: unknown) => error,
  );
  return isSkeinError(end) ? end.code : String(end);
}

describe('digests over HTTP', () => {
  it('that are still being made are answered with when to come again, and made once for all who ask', async () => {
    const wall = await Promise.all(Array.from({ length: 20 }, () => codeOf(desk.newest('version'))));
    expect(new Set(wall)).toStrictEqual(new Set(['starting']));
    expect(await codeOf(desk.newest('version'))).toBe('starting');
    expect([store.made, store.open.size]).toStrictEqual([1, 1]);

    store.finish!();
    await new Promise((resolve) => setImmediate(resolve));
    const { root } = await desk.newest('version');
    expect(root.position).toBe(10);
    // Once for the pass, once from its tree for the pin.
    expect([store.made, store.open.size]).toStrictEqual([2, 1]);
  });

  it('are of one position for some seconds, however fast the store goes on', async () => {
    store.kept = positionOf(10);
    const first = await desk.newest('version');
    store.facts = { head: positionOf(11), tail: 1 };
    expect((await desk.newest('version')).root.position).toBe(first.root.position);
  });

  it('are not made from what was pinned before the tree that is kept', async () => {
    store.kept = positionOf(10);
    await desk.newest('version');
    store.facts = { head: positionOf(12), tail: 1 };
    store.kept = positionOf(12);
    expect((await desk.newest('version')).root.position).toBe(12);
  });

  it('are made beside whoever asks when the log no longer reaches back to the tree that is kept', async () => {
    store.kept = positionOf(10);
    store.facts = { head: positionOf(50), tail: 12 };
    const at = store.digests.at.bind(store.digests);
    store.digests.at = async (snapshot) => {
      store.kept = store.kept?.offset === 10 ? undefined : store.kept;
      return at(snapshot);
    };
    expect(await codeOf(desk.newest('version'))).toBe('starting');
    store.finish!();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await desk.newest('version')).root.position).toBe(50);
  });
});
