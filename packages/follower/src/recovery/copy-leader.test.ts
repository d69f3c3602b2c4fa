import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classicLevel, systemClock, type Clock, type Level } from '@skein/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestLeader, TestStores, type ServedStore } from '../../test/leader-kit.ts';
import { CopyLeader, type CopyLeaderOptions } from './copy-leader.ts';
import type { RecoveryOutcome } from './outcome.ts';
import { SnapshotClient } from './snapshot-client.ts';

const NEVER = new AbortController().signal;
const BROKEN_DISK = 'EIO: i/o error, rmdir store-2';

/** Nobody wakes who sleeps, but by their signal. */
let asleep: number;
const clock: Clock = {
  now: () => systemClock.now(),
  wall: () => systemClock.wall(),
  later: () => () => undefined,
  sleep: (_ms, signal) => {
    asleep++;
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        asleep--;
        reject(signal.reason as Error);
      });
    });
  },
};

let stores: TestStores;
let leader: TestLeader;
let follower: ServedStore;

beforeEach(async () => {
  asleep = 0;
  stores = new TestStores();
  leader = await stores.leader();
  follower = await stores.served();
  for (let i = 0; i < 5; i++) await leader.store.collection('c').put(`k${i}`, i);
});

afterEach(() => stores.close());

function copy(snapshots: CopyLeaderOptions['snapshots'] = leader.snapshots): Promise<RecoveryOutcome> {
  const { store, generations } = follower;
  const { feed } = leader;
  return new CopyLeader({ store, generations, snapshots, feed, clock }).run(
    { log: null, floor: null, above: null },
    NEVER,
  );
}

/** All of the leader's documents are there, and nothing is served of them yet. */
async function leaveCopy(): Promise<void> {
  leader.instead = ({ path }) => (path.startsWith('/v1/changes') ? { status: 503, code: 'starting' } : undefined);
  expect(await copy()).toMatchObject({ kind: 'failed', reason: 'starting: no' });
  leader.instead = () => undefined;
  expect(await isCopyThere()).toBe(true);
}

async function isCopyThere(): Promise<boolean> {
  return (await readdir(follower.directory)).includes('store-2');
}

function failNextWrite(level: Level, failure: Error): void {
  const batch = level.batch.bind(level);
  const failing = (): ReturnType<Level['batch']> => {
    Object.assign(level, { batch });
    return Object.assign(batch(), { write: () => Promise.reject(failure) });
  };
  Object.assign(level, { batch: failing });
}

async function expectCopied(): Promise<void> {
  expect(await copy()).toMatchObject({ kind: 'recovered', position: leader.store.facts.head, documentsMoved: 5 });
  expect((await follower.store.documents.scan('c')).documents).toHaveLength(5);
}

describe('a copy from which the log does not lead on', () => {
  it.each(['compacted', 'diverged', 'ahead', 'other_log'])('is given up, for the reason %s', async (code) => {
    await leaveCopy();
    leader.instead = () => ({ status: 409, code });
    const reason = `the leader's log does not lead on from what it has given so far: ${code}: no`;
    expect(await copy()).toMatchObject({ kind: 'failed', reason });
    expect(await isCopyThere()).toBe(false);
    leader.instead = () => undefined;
    await expectCopied();
  });
});

describe('a copy that LevelDB cannot read', () => {
  it('is begun anew when it cannot be opened', async () => {
    await leaveCopy();
    await writeFile(join(follower.directory, 'store-2', 'CURRENT'), 'MANIFEST-999999\n');
    expect(await copy()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('MANIFEST-999999') });
    expect(await isCopyThere()).toBe(false);
    await expectCopied();
  });

  it('is begun anew when it is found out while it is written to', async () => {
    const failure = Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' });
    failNextWrite(await follower.generations.beside(), failure);
    expect(await copy()).toMatchObject({ kind: 'failed', reason: failure.message });
    expect(await isCopyThere()).toBe(false);
    await expectCopied();
  });

  it('is kept while somebody else has it open', async () => {
    await leaveCopy();
    const other = classicLevel(join(follower.directory, 'store-2'));
    await other.open();
    expect(await copy()).toMatchObject({ kind: 'failed' });
    await other.close();
    leader.asked.length = 0;
    await expectCopied();
    expect(leader.asked.filter((asked) => asked.includes('/v1/snapshot'))).toStrictEqual([
      expect.stringContaining('keep='),
    ]);
  });
});

describe('a copy in which a write fails while it replays the log', () => {
  it('stays closed when it is left, and is gone on with', async () => {
    let level: Level | undefined;
    leader.before = async ({ path }) => {
      if (!path.includes('limit=5000')) return;
      leader.before = async () => undefined;
      level = await follower.generations.beside();
      failNextWrite(level, new Error('IO error: 000003.log: Input/output error'));
    };
    expect(await copy(ofTwoSnapshots())).toMatchObject({ kind: 'failed' });
    // A store whose write failed opens its database again of itself; this one neither does now, nor means to later.
    expect([level?.status, asleep]).toStrictEqual(['closed', 0]);
    await expectCopied();
  });
});

/** The leader forgets its snapshot after the first page, and is written to. */
function ofTwoSnapshots(): CopyLeaderOptions['snapshots'] {
  const restarted = new TestLeader(leader.store);
  restarted.before = async () => {
    restarted.before = async () => undefined;
    await leader.store.collection('c').put('k0', 'changed');
  };
  const options = { nodeId: 'f', requestTimeoutMs: 5000, linesMax: 2 };
  const [first, second] = [leader, restarted].map(({ link }) => new SnapshotClient({ ...options, link }));
  return { page: (question, signal) => (question.after === null ? first! : second!).page(question, signal) };
}

describe('a copy that cannot be put away', () => {
  it('fails with the reason when it cannot be removed, and is made by another attempt', async () => {
    await leaveCopy();
    const { generations } = follower;
    const discard = generations.discard.bind(generations);
    generations.discard = () => Promise.reject(new Error(BROKEN_DISK));
    leader.instead = () => ({ status: 410, code: 'compacted' });
    expect(await copy()).toMatchObject({ kind: 'failed', reason: BROKEN_DISK });
    leader.instead = () => undefined;
    generations.discard = discard;
    await expectCopied();
  });

  it('fails with the reason when it cannot be closed, and is gone on with by another attempt', async () => {
    const { generations } = follower;
    const leave = generations.leave.bind(generations);
    generations.leave = () => Promise.reject(new Error(BROKEN_DISK));
    leader.instead = () => ({ status: 503, code: 'starting' });
    expect(await copy()).toMatchObject({ kind: 'failed', reason: BROKEN_DISK });
    leader.instead = () => undefined;
    generations.leave = leave;
    await expectCopied();
  });
});
