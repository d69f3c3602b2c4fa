import type { Clock, Store } from '@skein/core';
import { START } from '@skein/protocol';
import type { FollowerPolicy } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import type { FeedAnswer, FeedRequest } from './feed-client.ts';
import { Replicator } from './replicator.ts';

const POLICY: FollowerPolicy = {
  backoff: { baseMs: 2000, maxMs: 60_000 },
  breaker: { failuresMax: 5, openMs: 30_000 },
  pollIntervalMs: null,
  waitSeconds: 10,
  pageSizeMax: 5000,
  rate: null,
};
const EMPTY: FeedAnswer = {
  kind: 'page',
  page: { log: 'log', headOffset: 0, changes: 0, content: null },
  epoch: '1-aaaaaaaa',
};

/** What an observer is told of the leader's time, when each answer takes as long as given; it then hears no more. */
async function callsOf(answersMs: readonly number[], answer: FeedAnswer): Promise<readonly number[]> {
  let nowMs = 0;
  const calls: number[] = [];
  const left = [...answersMs];
  const clock: Clock = { now: () => nowMs, wall: () => nowMs, sleep: async () => undefined };
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const ignored = (): void => undefined;
  const replicator = new Replicator({
    store: { facts: { identity: { log: null }, head: START } } as unknown as Store,
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
      close: async () => undefined,
    },
    clock,
    random: () => 0,
    policy: POLICY,
    observer: {
      answered: (callMs) => void calls.push(callMs),
      fetched: ignored,
      applied: ignored,
      failed: ignored,
      heldBack: ignored,
      refused: ignored,
    },
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
