import type { Clock, Published, ScrubReport, Snapshot, Store } from '@skein/core';
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { DailyScrub } from './daily-scrub.ts';

const EVERY_MS = 1000;

let did: string[];
let hasTree: boolean;
let scrub: (signal: AbortSignal) => Promise<ScrubReport>;
let makeDigest: (signal: AbortSignal) => Promise<void>;
let hooks: Map<string, () => Promise<void>>;
let sleepsLeft: number;
let nowMs: number;
let publish: (published: Partial<Published>) => void;

beforeEach(() => {
  did = [];
  hasTree = true;
  scrub = async () => ({ documents: 3, problems: [], untrueIndexes: [] });
  makeDigest = async () => undefined;
  hooks = new Map();
  sleepsLeft = 1;
  nowMs = 0;
});

/** Runs until it has slept so often as it may; from then on it sleeps for ever. */
async function run(): Promise<DailyScrub> {
  const { daily, ended } = await begin();
  await ended;
  await hooks.get('onClose')!();
  return daily;
}

async function begin(): Promise<{ readonly daily: DailyScrub; readonly ended: Promise<void> }> {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const clock: Clock = {
    now: () => nowMs,
    wall: () => 0,
    later: () => () => undefined,
    sleep: async (ms, signal) => {
      if (sleepsLeft-- > 0) return void (nowMs += ms);
      end();
      await new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    },
  };
  const snapshot = { close: async () => void did.push('closed') } as unknown as Snapshot;
  const store = {
    scrub: (signal: AbortSignal) => scrub(signal),
    snapshot: async () => snapshot,
    subscribe: (listener: (published: Partial<Published>) => void) => void (publish = listener),
    digests: {
      keptAt: () => (hasTree ? {} : undefined),
      forget: () => void did.push('forgotten'),
      at: async (of: Snapshot, _by: string, signal: AbortSignal) => {
        await makeDigest(signal);
        did.push(of === snapshot ? 'made anew' : 'made of another');
      },
    },
  } as unknown as Store;
  const daily = new DailyScrub({ store, clock, everyMs: EVERY_MS, logger: undefined });
  const addHook = (name: string, hook: () => Promise<void>): void => void hooks.set(name, hook);
  daily.install({ addHook } as unknown as FastifyInstance);
  await hooks.get('onReady')!();
  return { daily, ended };
}

/** What takes as long as it is let: a store that is read for hours, and for ever where nobody can stop it. */
function untilStopped(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
}

describe('reading everything again', () => {
  it('has the digests made anew from what is stored, and not from what was kept', async () => {
    await run();
    expect(did).toStrictEqual(['forgotten', 'made anew', 'closed']);
  });

  it('makes no digests where there are none', async () => {
    hasTree = false;
    await run();
    expect(did).toStrictEqual([]);
  });

  it('says when it was done, and what it found', async () => {
    scrub = async () => ({ documents: 5, problems: ['one is missing'], untrueIndexes: [] });
    expect((await run()).last).toStrictEqual({ atMs: EVERY_MS, documents: 5, problems: ['one is missing'] });
  });

  it('is given up when the server closes, which waits for nothing but that', async () => {
    scrub = untilStopped;
    const { daily } = await begin();
    await hooks.get('onClose')!();
    expect([did, daily.last]).toStrictEqual([[], null]);
  });

  it('leaves no snapshot open when the server closes while digests are made', async () => {
    makeDigest = untilStopped;
    const { daily } = await begin();
    while (!did.includes('forgotten')) await new Promise((resolve) => setImmediate(resolve));
    await hooks.get('onClose')!();
    expect([did, daily.last]).toStrictEqual([['forgotten', 'closed'], null]);
  });

  it('says nothing of what was put in the place of what it read', async () => {
    const daily = await run();
    publish({ isAnew: false });
    expect(daily.last).not.toBeNull();
    publish({ isAnew: true });
    expect(daily.last).toBeNull();
  });

  it('goes on after a store that could not be read', async () => {
    sleepsLeft = 2;
    let times = 0;
    scrub = async () => {
      if (times++ === 0) throw new Error('not now');
      return { documents: 3, problems: [], untrueIndexes: [] };
    };
    expect((await run()).last?.atMs).toBe(2 * EVERY_MS);
  });
});
