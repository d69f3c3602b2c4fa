import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, Store, type Clock } from '@skein/core';
import { recordPosition, START, type RecordView, type Role } from '@skein/protocol';
import { NO_LAG, type FollowerPolicy } from '@skein/replication';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedAnswer, FeedRequest } from './feed-client.ts';
import { Replicator, type ReplicatorObserver } from './replicator.ts';

const POLICY: FollowerPolicy = {
  backoff: { baseMs: 2000, maxMs: 60_000 },
  breaker: { failuresMax: 5, openMs: 30_000 },
  pollIntervalMs: null,
  waitSeconds: 10,
  pageSizeMax: 5000,
  rate: null,
  acceptReset: false,
};
const EMPTY: FeedAnswer = {
  kind: 'page',
  page: { log: 'log', headOffset: 0, lag: NO_LAG, changes: 0, content: null },
  epoch: '1-aaaaaaaa',
};

const ignored = (): void => undefined;
const nobodyAsks = (): Promise<never> => Promise.reject(new Error('nobody asks'));
const noRecovery = (): never => {
  throw new Error('there is nothing to recover from');
};
const UNWATCHED: ReplicatorObserver = {
  heardUpToDate: ignored,
  answered: ignored,
  fetched: ignored,
  deduped: ignored,
  applied: ignored,
  failed: ignored,
  heldBack: ignored,
  refused: ignored,
  recovering: ignored,
  declined: ignored,
  recovered: ignored,
};

/** What an observer is told of the leader's time, when each answer takes as long as given; it then hears no more. */
async function callsOf(answersMs: readonly number[], answer: FeedAnswer): Promise<readonly number[]> {
  let nowMs = 0;
  const calls: number[] = [];
  const left = [...answersMs];
  const clock: Clock = {
    now: () => nowMs,
    wall: () => nowMs,
    later: () => () => undefined,
    sleep: async () => undefined,
  };
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const replicator = new Replicator({
    store: { facts: { identity: { log: null }, head: START }, watch: () => ignored } as unknown as Store,
    client: {
      fetch: async (_request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> => {
        const tookMs = left.shift();
        if (tookMs === undefined) {
          end();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        }
        nowMs += tookMs;
        return answer;
      },
      ask: nobodyAsks,
      close: async () => undefined,
    },
    clock,
    random: () => 0,
    policy: POLICY,
    recover: noRecovery,
    observer: { ...UNWATCHED, answered: (callMs) => void calls.push(callMs) },
  });
  replicator.start();
  await ended;
  await replicator.stop();
  return calls;
}

describe('what a follower tells of the time its leader takes', () => {
  it('is all of it for a first question, and not the time that later ones are parked', async () => {
    expect(await callsOf([700, 10_004, 3000], EMPTY)).toStrictEqual([700, 4, 0]);
  });

  it('is all of it as well when the answer is a failure, for the questions behind it are not parked', async () => {
    const failed: FeedAnswer = { kind: 'failed', reason: '503', retryAfterMs: undefined };
    expect(await callsOf([700, 900], failed)).toStrictEqual([700, 900]);
  });
});

describe('a page that begins with what a follower has already', () => {
  let directory = '';
  let leader: Store;
  let records: readonly RecordView[];

  const open = (name: string, role: Role): Promise<Store> =>
    Store.open({ level: classicLevel(join(directory, name)), role, node: name });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-replicator-'));
    leader = await open('leader', 'leader');
    for (let i = 1; i <= 6; i++) await leader.collection('c').put(`k-${i}`, i);
    ({ records } = await leader.readLog(0, { changesMax: 100, bytesMax: 1e6 }));
  });
  afterAll(async () => {
    await leader.close();
    await rm(directory, { recursive: true });
  });

  /** What is seen of a follower that gets these records, page by page, until it has had them all and applied the last. */
  async function follow(name: string, pages: readonly (readonly RecordView[])[]): Promise<readonly string[]> {
    const store = await open(name, 'follower');
    const seen: string[] = [];
    const left = [...pages];
    let end: () => void = ignored;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const replicator = new Replicator({
      store,
      client: {
        fetch: async (_request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> => {
          const page = left.shift();
          if (page !== undefined) return answerOf(page);
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        },
        ask: nobodyAsks,
        close: async () => undefined,
      },
      clock: { now: () => 0, wall: () => 0, later: () => () => undefined, sleep: async () => undefined },
      random: () => 0,
      policy: POLICY,
      recover: noRecovery,
      observer: {
        ...UNWATCHED,
        deduped: (changes) => void seen.push(`passed over ${changes}`),
        applied: ({ changes }) => {
          seen.push(`applied ${changes}`);
          if (store.facts.head.offset === leader.facts.head.offset) end();
        },
      },
    });
    replicator.start();
    await ended;
    seen.push(`failures ${replicator.state.failures}, ${replicator.state.lastError}`);
    await replicator.stop();
    expect(store.facts.head).toStrictEqual(leader.facts.head);
    await store.close();
    return seen;
  }

  function answerOf(page: readonly RecordView[]): FeedAnswer {
    const [first, last] = [page[0]!, page.at(-1)!];
    const place = { offsetFirst: first.offsetFirst, hashBefore: first.hashBefore, epochFirst: first.epoch };
    const content = { ...place, next: recordPosition(last), payload: page };
    const changes = last.offsetLast - first.offsetFirst + 1;
    const { log } = leader.facts.identity;
    return { kind: 'page', page: { log: log!, headOffset: 6, lag: NO_LAG, changes, content }, epoch: first.epoch };
  }

  it('is taken from where the follower is, and the rest counted', async () => {
    const pages = [records.slice(0, 3), records.slice(1, 4), records.slice(0)];
    expect(await follow('overlapping', pages)).toStrictEqual([
      'passed over 2',
      'applied 3',
      'passed over 4',
      'applied 1',
      'applied 2',
      'failures 0, null',
    ]);
  });

  it('and has nothing else is counted, and asked for again', async () => {
    const pages = [records.slice(0, 3), records.slice(0, 3), records.slice(3)];
    expect(await follow('twice', pages)).toStrictEqual([
      'passed over 3',
      'applied 3',
      'applied 3',
      'failures 0, the page begins at 1, not at 4',
    ]);
  });

  /** A follower that has three of the leader's records, with a question at the leader that is answered with what is given. */
  async function standing(name: string, role: Role) {
    const store = await open(name, 'follower');
    let answer: (page: FeedAnswer) => void = ignored;
    const answers = [of(records.slice(0, 3), 3, role), of([], 3, role)];
    let parked: () => void = ignored;
    const isParked = new Promise<void>((resolve) => (parked = resolve));
    const replicator = new Replicator({
      store,
      client: {
        fetch: async (_request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> => {
          const next = answers.shift();
          if (next !== undefined) return next;
          parked();
          return new Promise((resolve, reject) => {
            answer = resolve;
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          });
        },
        ask: nobodyAsks,
        close: async () => undefined,
      },
      clock: { now: () => 0, wall: () => 0, later: () => () => undefined, sleep: async () => undefined },
      random: () => 0,
      policy: POLICY,
      recover: noRecovery,
      observer: UNWATCHED,
    });
    replicator.start();
    await isParked;
    const push = (i: number, log = leader.facts.identity.log!) => replicator.pushed({ log, record: records[i]! });
    const applied = async (offset: number): Promise<void> => {
      while (store.facts.head.offset < offset || replicator.state.isApplying) await new Promise(setImmediate);
    };
    const close = async (): Promise<void> => {
      await replicator.stop();
      await store.close();
    };
    return { replicator, push, applied, answer: (page: FeedAnswer) => answer(page), close };
  }

  function of(page: readonly RecordView[], headOffset: number, role: Role): FeedAnswer {
    const { log } = leader.facts.identity;
    if (page.length > 0) {
      const answered = answerOf(page);
      return answered.kind === 'page' ? { ...answered, page: { ...answered.page, headOffset }, role } : answered;
    }
    const epoch = records[0]!.epoch;
    return { kind: 'page', page: { log: log!, headOffset, lag: NO_LAG, changes: 0, content: null }, epoch, role };
  }

  it('was pushed, and is passed over when the feed brings it again; what is not the next is not taken', async () => {
    const { replicator, push, applied, answer, close } = await standing('pushed', 'leader');
    expect([push(4), push(2), push(3, 'another')]).toStrictEqual(['not_next', 'not_next', 'not_next']);
    const untrue = { ...records[3]!, hash: 'f'.repeat(16) };
    expect(replicator.pushed({ log: leader.facts.identity.log!, record: untrue })).toBe('refused');
    expect(push(3)).toBe('taken');
    await applied(4);
    answer(of(records.slice(3, 5), 5, 'leader'));
    await applied(5);
    expect(replicator.state).toMatchObject({ failures: 0, lastError: null });
    expect(replicator.state.applied).toStrictEqual(recordPosition(records[4]!));
    await close();
  });

  it('was pushed, and is not taken by a follower of a follower, which may not have it yet', async () => {
    const { push, close } = await standing('of a follower', 'follower');
    expect(push(3)).toBe('not_next');
    await close();
  });
});
