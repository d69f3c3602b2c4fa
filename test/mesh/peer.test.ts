import { Store } from '@skein/core';
import type { LinkAnswer, LinkRequest } from '@skein/http';
import { HEADERS, MEDIA_TYPES, SkeinError } from '@skein/protocol';
import { createMemoryLevel, ManualClock, until } from '@skein/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MeshIntake } from '../../packages/mqtt/src/mesh/intake.ts';
import { Peer } from '../../packages/mqtt/src/mesh/peers/peer.ts';

const URL_OF_PEER = 'http://peer';
const PAGE = {
  'content-type': MEDIA_TYPES.records,
  [HEADERS.role]: 'mesh',
  [HEADERS.node]: 'other',
  [HEADERS.log]: 'theirs',
  [HEADERS.head]: '0',
  [HEADERS.next]: '0',
};

let clock: ManualClock;
let store: Store;
let asked: LinkRequest[];
/** What is answered next. */
let answer: () => Promise<Readonly<Record<string, string>>>;
let take: MeshIntake['take'];
let ending: AbortController;
let peer: Peer;

const nothing = { taken: 0, known: 0, passedOver: 0, conflicts: 0, quarantined: 0 };

beforeEach(async () => {
  clock = new ManualClock();
  const mesh = { newIncarnation: () => 'x', keepsConflicts: false, assertFits: () => undefined };
  store = await Store.open({ level: (await createMemoryLevel()).level, role: 'mesh', node: 'self', clock, mesh });
  asked = [];
  answer = async () => PAGE;
  take = async () => ({ ...nothing, position: store.facts.head });
  ending = new AbortController();
  const request = async (question: LinkRequest): Promise<LinkAnswer> => {
    asked.push(question);
    const givenUp = new Promise<never>((_resolve, reject) => {
      question.signal!.addEventListener('abort', () => reject(new Error('given up')), { once: true });
    });
    const headers = await Promise.race([answer(), givenUp]);
    const body = { bytes: async () => Buffer.alloc(0), text: async () => '', dump: async () => undefined };
    return { status: 200, headers, body: body as unknown as LinkAnswer['body'] };
  };
  peer = new Peer({
    url: URL_OF_PEER,
    store,
    clock,
    random: () => 0.5,
    link: { request, close: async () => undefined },
    intake: { take: (changes) => take(changes) },
    policy: {
      backoff: { baseMs: 100, maxMs: 1000 },
      breaker: { failuresMax: 3, openMs: 30_000 },
      waitSeconds: 10,
      requestTimeoutMs: 5000,
    },
    onGap: () => undefined,
  });
});

afterEach(async () => {
  ending.abort();
  await peer.ended();
  await store.close();
});

/** Lets time go on until it sleeps for so many times more. */
async function rounds(count: number, stepMs: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await clock.untilAsleep();
    clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a peer that cannot be reached', () => {
  it('is asked less and less often, and then left alone for a while', async () => {
    answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
    peer.start(ending.signal);
    await rounds(2, 1000);
    await until('it is left alone', () => peer.circuit === 'open');
    expect(asked).toHaveLength(3);
    await clock.untilAsleep();
    clock.advance(29_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(3);
    clock.advance(1);
    await until('it is tried once', () => asked.length === 4);
    expect(peer.condition()).toMatchObject({ lastError: 'connect ECONNREFUSED', fault: null });
    expect([peer.isConnected, peer.lagChanges]).toStrictEqual([false, null]);
  });
});

describe("this node's own store", () => {
  it('that takes nothing is not held against the peer', async () => {
    take = () => Promise.reject(new SkeinError('stopping', 'it takes no more'));
    peer.start(ending.signal);
    await rounds(5, 1000);
    await until('it is said', () => peer.troubleHere !== null);
    expect([peer.troubleHere, peer.circuit, peer.isConnected]).toStrictEqual(['it takes no more', 'closed', true]);
    expect(peer.condition().lastError).toBeNull();
    // What could not be taken is asked for again.
    expect(asked.length).toBeGreaterThan(3);
    expect(new Set(asked.map(({ path }) => path))).toStrictEqual(new Set(['/v1/changes?since=0&limit=1000&wait=10']));
  });
});

describe('what is asked', () => {
  it('names this node, and what it has', async () => {
    let asks = 0;
    answer = async () => {
      if (++asks === 3) return new Promise(() => undefined);
      return { ...PAGE, [HEADERS.head]: '9' };
    };
    peer.start(ending.signal);
    await until('it asks again', () => asked.length === 3);
    const { headers, answerMs } = asked[2]!;
    expect(answerMs).toBe(15_000);
    expect(headers).toMatchObject({ 'skein-follower': 'self', 'skein-applied': '0', 'skein-log': 'theirs' });
    expect(peer.lagChanges).toBe(9);
    // Whoever should answer is silent.
    clock.advance(30_001);
    expect([peer.isConnected, peer.lagChanges]).toStrictEqual([false, null]);
    expect(peer.condition().silentMs).toBe(30_001);
  });
});

describe('an answer that names this node itself', () => {
  it('leaves the peer out, until another one answers there', async () => {
    answer = async () => ({ ...PAGE, [HEADERS.node]: 'self', [HEADERS.log]: store.facts.identity.log! });
    peer.start(ending.signal);
    await rounds(3, 1000);
    expect(peer.isItself).toBe(true);
    expect(asked.length).toBeGreaterThan(2);
    answer = async () => {
      // The next one takes as long as there is nothing new.
      answer = () => new Promise(() => undefined);
      return PAGE;
    };
    await rounds(1, 1000);
    await until('it is heard', () => peer.isConnected);
    expect(peer.isItself).toBe(false);
  });
});
