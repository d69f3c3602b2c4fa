/* One comparison after another, each of a few documents only, between nodes that tell each other nothing by themselves. */
import { ManualClock } from '@skein/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeerRepair, type Repaired } from '../../packages/mqtt/src/mesh/repair/peer-repair.ts';
import { Intake } from '../../packages/mqtt/src/mesh/intake.ts';
import { OwnId } from '../../packages/mqtt/src/mesh/own-id.ts';
import { Quarantine } from '../../packages/mqtt/src/mesh/quarantine.ts';
import { DroppedTombstones } from '../../packages/mqtt/src/mesh/tombstones/dropped-tombstones.ts';
import { HeardNodes } from '../../packages/mqtt/src/mesh/tombstones/heard-nodes.ts';
import { deletedLine, Mesh, putLine, type TestNode } from './mesh-kit.ts';

const DAY_MS = 24 * 3_600_000;
const ITEMS_MAX = 4;
const KEYS = Array.from({ length: 6 }, (_, i) => `k${i}`);

let net: Mesh;
let a: TestNode;
let b: TestNode;
let clock: ManualClock;
let droppedThere: string[];
let old: number;

beforeEach(async () => {
  net = new Mesh();
  [a, b] = [await net.start('a'), await net.start('b')];
  clock = new ManualClock(net.wall);
  droppedThere = [];
  old = net.wall - 2 * DAY_MS;
});
afterEach(() => net.close());

/** Compares a with b, as a does. */
function repairOf(): PeerRepair {
  const { store } = a;
  const quarantine = new Quarantine({ clock, driftMsMax: 1000 });
  const intake = new Intake({
    store,
    quarantine,
    ownId: new OwnId(store, clock, undefined),
    dropped: new DroppedTombstones(store),
    heard: new HeardNodes(store),
  });
  return new PeerRepair({
    store,
    clock,
    link: net.linkFrom('a')('http://b', { connections: 4, timeoutMs: 5000, answerBytesMax: 1e8 }),
    requestTimeoutMs: 5000,
    clockDriftMsMax: 1000,
    itemsMax: ITEMS_MAX,
    intake: intake.way('repair', 0),
    quarantine,
    onDroppedThere: (keys) => void droppedThere.push(...keys),
  });
}

/** One comparison, and what happens between its two looks. */
async function compared(repair: PeerRepair, meanwhile = async (): Promise<unknown> => undefined): Promise<Repaired> {
  const comparing = repair.compare(new AbortController().signal);
  const hasLooked = await Promise.race([comparing.then(() => false), clock.untilAsleep().then(() => true)]);
  if (hasLooked) {
    await meanwhile();
    clock.advance(1000);
  }
  return comparing;
}

/** From the beginning to the end. */
async function lap(repair: PeerRepair): Promise<readonly Repaired[]> {
  const all: Repaired[] = [];
  while (all.at(-1)?.isAtEnd !== true) all.push(await compared(repair));
  return all;
}

const sum = (all: readonly Repaired[], what: 'missing' | 'differing'): number =>
  all.reduce((total, one) => total + one[what], 0);

describe('deletions of long ago, and documents that others lie between', () => {
  it('are had where the documents are, and what is to be had is missing until then', async () => {
    await a.send(...KEYS.map((key) => putLine(key, old)));
    await b.send(...KEYS.map((key) => deletedLine(key, old + 1)));
    const repair = repairOf();
    expect(sum(await lap(repair), 'missing')).toBe(6);
    expect(await a.tombstones()).toHaveLength(6);
    expect(await lap(repair)).toMatchObject([{ differing: 0, missing: 0 }]);
  });

  it('are told where the documents are', async () => {
    await a.send(...KEYS.map((key) => deletedLine(key, old + 1)));
    await b.send(...KEYS.map((key) => putLine(key, old)));
    const repair = repairOf();
    await lap(repair);
    expect(await b.tombstones()).toHaveLength(6);
    expect(await lap(repair)).toMatchObject([{ differing: 0, missing: 0 }]);
    expect(droppedThere).toStrictEqual([]);
  });

  it('are not told where nothing is, and nothing waits behind them', async () => {
    await a.send(...KEYS.map((key) => deletedLine(key, old)));
    await b.send(putLine('new', net.wall));
    expect(await lap(repairOf())).toMatchObject([{ fetched: 1, differing: 1, isAtEnd: true }]);
    expect(await b.tombstones()).toStrictEqual([]);
    expect(droppedThere.toSorted()).toStrictEqual(KEYS.map((key) => `c/${key}`));
  });
});

describe('what was found at the first look', () => {
  it('is found at the second, however much has come meanwhile that is before it', async () => {
    await b.send(...KEYS.slice(0, 3).map((key) => putLine(key, old)));
    const repair = repairOf();
    const before = Array.from({ length: ITEMS_MAX }, (_, i) => putLine(`a${i}`, net.wall));
    expect(await compared(repair, () => b.send(...before))).toMatchObject({ fetched: 3, missing: 3, isAtEnd: true });
  });

  it('is missing as long as it is older here, though it has moved', async () => {
    await a.send(putLine('k', old));
    await b.send(putLine('k', old + 2), putLine('settled', old));
    const meanwhile = () => a.send(putLine('k', old + 1), putLine('settled', old));
    expect(await compared(repairOf(), meanwhile)).toMatchObject({ fetched: 0, missing: 1, differing: 1 });
  });

  it('differs as long as it is older there, though it has moved', async () => {
    await a.send(putLine('k', old + 2));
    await b.send(putLine('k', old));
    const meanwhile = () => b.send(putLine('k', old + 1));
    expect(await compared(repairOf(), meanwhile)).toMatchObject({ submitted: 0, missing: 0, differing: 1 });
  });
});

describe('what cannot be moved', () => {
  it('is tried twice, and then left behind until the next time around', async () => {
    await b.send(...KEYS.map((key) => putLine(key, old)));
    const repair = repairOf();
    const { merge } = a.store;
    a.store.merge = () => Promise.reject(new Error('not now'));
    for (let i = 0; i < 2; i++) {
      expect(repair.start).toBeNull();
      await expect(compared(repair)).rejects.toThrow('not now');
    }
    expect(repair.start).toBe('c/k4');
    a.store.merge = merge;
    expect(await lap(repair)).toMatchObject([{ fetched: 2, isAtEnd: true }]);
    expect(await lap(repair)).toMatchObject([{ fetched: 4, isAtEnd: true }]);
  });
});
