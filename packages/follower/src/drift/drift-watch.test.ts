import type { Clock, Store } from '@skein/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { follow, TestStores, type TestLeader } from '../../test/leader-kit.ts';
import type { Replicator } from '../replicator.ts';
import { DriftWatch, type DriftObserver } from './drift-watch.ts';

const INTERVAL_MS = 60_000;

let stores: TestStores;
let leader: TestLeader;
let follower: Store;
/** What the watch does with the applying of pages, and what it tells, in order. */
let did: string[];
let isInContact: boolean;
/** Has the watch be stopped. */
let end: () => void;

beforeEach(async () => {
  stores = new TestStores();
  leader = await stores.leader();
  follower = await stores.open('follower');
  did = [];
  isInContact = true;
  await load(leader.store, 10);
  await follow(leader.store, follower);
});

afterEach(() => stores.close());

async function load(store: Store, count: number): Promise<void> {
  await store.load(
    Array.from({ length: count }, (_, i) => ({ op: 'put', collection: 'c', key: `k${i}`, valueText: '1' })),
  );
}

/** So many documents are not there any more, and the log does not know. */
async function lose(count: number): Promise<void> {
  const removed = Array.from({ length: count }, (_, i) => ({ collection: 'c', key: `k${i}` }));
  await follower.repair(follower.facts.head, { documents: [], removed });
}

/** Lets the watch sleep so often, and answers how long each time; then it ends. */
async function watch({ sleeps, repairs = false }: { readonly sleeps: number; readonly repairs?: boolean }) {
  const slept: number[] = [];
  const ended = new Promise<void>((resolve) => (end = resolve));
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    later: () => () => undefined,
    sleep: async (ms, signal) => {
      slept.push(ms);
      if (slept.length < sleeps) return;
      end();
      await new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    },
  };
  const replicator = {
    get isInContact() {
      return isInContact;
    },
    get state() {
      return { log: follower.facts.identity.log, fetchedTo: follower.facts.head };
    },
    hold: () => did.push('hold'),
    release: () => did.push('release'),
    standAt: async (offset: number) => void did.push(`stand at ${offset}`),
  } as unknown as Replicator;
  const observer: DriftObserver = {
    compared: ({ differing, fetched, repaired }) => did.push(`compared ${differing} ${fetched} ${repaired}`),
    drifted: (_report, examples) => did.push(`drifted ${examples.length}`),
    failed: () => did.push('failed'),
  };
  const { api, snapshots } = leader;
  const options = { store: follower, replicator, api, snapshots, clock, intervalMs: INTERVAL_MS, repairs, observer };
  const watching = new DriftWatch({ ...options, random: () => 0.5 });
  watching.start();
  await ended;
  await watching.stop();
  return { slept, report: watching.report };
}

describe('a follower that watches for drift', () => {
  it('stands still until it has a snapshot where its leader is, and compares when it goes on', async () => {
    const { slept, report } = await watch({ sleeps: 2 });
    expect(did).toStrictEqual(['hold', 'stand at 10', 'release', 'compared 0 0 0']);
    expect(slept).toStrictEqual([INTERVAL_MS, INTERVAL_MS]);
    expect(report).toMatchObject({ differing: 0, offset: 10 });
  });

  it('compares nothing while it does not hear from its leader', async () => {
    isInContact = false;
    const { slept, report } = await watch({ sleeps: 3 });
    expect([did, report, leader.asked]).toStrictEqual([[], null, []]);
    expect(slept).toStrictEqual([INTERVAL_MS, INTERVAL_MS, INTERVAL_MS]);
  });

  it('goes on applying when the leader pins nothing, and tries again later each time', async () => {
    leader.instead = () => ({ status: 500, code: 'internal' });
    const { slept } = await watch({ sleeps: 4 });
    expect(did).toStrictEqual(Array.from({ length: 3 }, () => ['hold', 'release', 'failed']).flat());
    expect(slept).toStrictEqual([INTERVAL_MS, 5000, 10_000, 20_000]);
  });

  it('comes again when the leader asks for it, which is no failure', async () => {
    leader.instead = () => ({ status: 503, code: 'starting', retryAfterSeconds: 2 });
    expect((await watch({ sleeps: 4 })).slept).toStrictEqual([INTERVAL_MS, 2000, 2000, 2000]);
  });

  it('stays with the position while the leader makes its digests, and stands still no more for it', async () => {
    let tries = 0;
    leader.instead = ({ path }) => {
      if (!path.includes('at=') || tries === 3) return undefined;
      tries++;
      return { status: 503, code: 'starting', retryAfterSeconds: 2 };
    };
    leader.before = async ({ path }) => {
      if (path.includes('at=')) await leader.store.collection('c').put('k1', `written for the ${tries}. time`);
    };
    const { slept, report } = await watch({ sleeps: 5 });
    expect(did).toStrictEqual(['hold', 'stand at 10', 'release', 'compared 0 0 0']);
    expect(slept).toStrictEqual([INTERVAL_MS, 2000, 2000, 2000, INTERVAL_MS]);
    expect(report).toMatchObject({ differing: 0, offset: 10 });
  });

  it('ends while it waits for the leader', async () => {
    leader.instead = ({ path }) =>
      path.includes('at=') ? { status: 503, code: 'starting', retryAfterSeconds: 2 } : undefined;
    const { slept, report } = await watch({ sleeps: 3 });
    expect([slept, report]).toStrictEqual([[INTERVAL_MS, 2000, 2000], null]);
    expect(did).toStrictEqual(['hold', 'stand at 10', 'release']);
  });

  it('ends while this node makes its own digest, however long that would take', async () => {
    vi.spyOn(follower.digests, 'at').mockImplementation((_snapshot, _by, signal) => {
      end();
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    expect((await watch({ sleeps: 2 })).report).toBe(null);
    expect(did).toStrictEqual(['hold', 'stand at 10', 'release']);
  });

  it('says nothing of what it could not stand still at', async () => {
    leader.before = async () => {
      leader.before = async () => undefined;
      await leader.store.collection('c').put('k1', 'moved');
    };
    await watch({ sleeps: 2 });
    expect(did).toStrictEqual(['hold', 'stand at 11', 'release', 'failed']);
  });

  it('says what differs, and leaves it unless it may repair', async () => {
    await lose(2);
    const { report } = await watch({ sleeps: 2 });
    expect(did.slice(3)).toStrictEqual(['compared 2 0 0', 'drifted 2']);
    expect(report).toMatchObject({ differing: 2, repaired: 0, isPart: false });
  });

  it('puts right what differs', async () => {
    await lose(2);
    const { report } = await watch({ sleeps: 3, repairs: true });
    expect(did.filter((what) => what.startsWith('compared'))).toStrictEqual(['compared 2 2 2', 'compared 0 0 0']);
    expect(report).toMatchObject({ differing: 0 });
  });

  it('puts a thousand right at a time, soon after each other', async () => {
    await load(leader.store, 2500);
    await follow(leader.store, follower);
    await lose(2300);
    const { slept } = await watch({ sleeps: 5, repairs: true });
    expect(did.filter((what) => what.startsWith('compared'))).toStrictEqual([
      'compared 1000 1000 1000',
      'compared 1000 1000 1000',
      'compared 300 300 300',
      'compared 0 0 0',
    ]);
    expect(slept).toStrictEqual([INTERVAL_MS, 1000, 1000, INTERVAL_MS, INTERVAL_MS]);
  });
});
