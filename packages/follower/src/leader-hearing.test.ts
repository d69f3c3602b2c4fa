import type { Clock } from '@skein/core';
import type { NodeLink, LinkAnswer, LinkRequest } from '@skein/http';
import { describe, expect, it } from 'vitest';
import { LeaderHearing } from './leader-hearing.ts';

const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 10_000;
const FEED: LinkRequest = { method: 'GET', path: '/v1/changes', headers: {}, answerMs: TIMEOUT_MS };

const ofNode = { 'skein-node': 'lead', 'skein-role': 'leader' };

/** A leader that answers as it is told, and a follower that listens to it, in a time that passes only while it sleeps. */
class Scene {
  nowMs = 0;
  answersWith: Readonly<Record<string, string>> | null = ofNode;
  readonly asked: string[] = [];
  readonly hearing: LeaderHearing;
  readonly feed: NodeLink;

  constructor(onSleep: (scene: Scene) => Promise<void>) {
    const clock: Clock = {
      now: () => this.nowMs,
      wall: () => 0,
      later: () => () => undefined,
      sleep: async (ms, signal) => {
        const wakesAtMs = this.nowMs + ms;
        await onSleep(this);
        signal?.throwIfAborted();
        this.nowMs = Math.max(this.nowMs, wakesAtMs);
      },
    };
    this.hearing = new LeaderHearing({
      clock,
      leaderUrl: 'http://leader',
      openLink: () => ({ request: async (request) => this.#answer(request), close: async () => undefined }),
      pingIntervalMs: INTERVAL_MS,
      requestTimeoutMs: TIMEOUT_MS,
      onEpoch: () => undefined,
    });
    this.feed = this.hearing.openLink('http://leader', { connections: 2, timeoutMs: TIMEOUT_MS });
  }

  #answer({ path }: LinkRequest): LinkAnswer {
    this.asked.push(`${path} at ${this.nowMs}`);
    if (this.answersWith === null) throw new Error('connect ECONNREFUSED');
    const body = { dump: async () => undefined } as unknown as LinkAnswer['body'];
    return { status: 200, headers: this.answersWith, body };
  }
}

/** Starts listening, and ends when it has slept so often; `meanwhile` happens before each sleep. */
async function sleepsOf(
  count: number,
  meanwhile: (scene: Scene, sleep: number) => Promise<unknown>,
): Promise<readonly string[]> {
  let slept = 0;
  let end: (scene: Scene) => void = () => undefined;
  const ended = new Promise<Scene>((resolve) => (end = resolve));
  const scene = new Scene(async (now) => {
    slept++;
    if (slept <= count) return void (await meanwhile(now, slept));
    end(now);
    return new Promise((resolve) => setImmediate(resolve));
  });
  scene.hearing.start();
  await ended;
  const asked = [...scene.asked];
  await scene.hearing.stop();
  return asked;
}

describe('a follower that asks its leader nothing', () => {
  it('asks whether it is there, once for each interval of silence, whether it answers or not', async () => {
    const asked = await sleepsOf(3, async (scene, sleep) => {
      if (sleep === 2) scene.answersWith = null;
    });
    expect(asked).toStrictEqual(['/livez at 30000', '/livez at 60000', '/livez at 90000']);
  });

  it('does so only after other questions have come to an end for as long', async () => {
    const asked = await sleepsOf(2, async (scene, sleep) => {
      if (sleep === 2) return;
      scene.nowMs += 20_000;
      await scene.feed.request(FEED);
    });
    expect(asked).toStrictEqual(['/v1/changes at 20000', '/livez at 50000']);
  });
});

describe('what is known of the leader', () => {
  const scene = new Scene(async () => undefined);
  const known = (): unknown[] => Object.values(scene.hearing.describe());
  const ask = (request = FEED): Promise<unknown> => scene.feed.request(request).catch(() => undefined);

  it('is nothing before it was asked, then whether it answered, and when it did so last', async () => {
    expect(known()).toStrictEqual([null, null]);
    await ask();
    expect(known()).toStrictEqual([true, 0]);
    scene.nowMs += 4200;
    scene.answersWith = null;
    await ask();
    expect(known()).toStrictEqual([false, 4.2]);
  });

  it('is that it is not there when something else answers for it', async () => {
    scene.answersWith = { server: 'a proxy' };
    await ask();
    expect(known()).toStrictEqual([false, 4.2]);
  });

  it('is nothing new when a question is given up', async () => {
    scene.answersWith = ofNode;
    await ask();
    scene.answersWith = null;
    await ask({ ...FEED, signal: AbortSignal.abort() });
    expect(known()).toStrictEqual([true, 0]);
  });

  it('is unknown once it should have been asked again and was not', () => {
    scene.nowMs += INTERVAL_MS + 2 * TIMEOUT_MS;
    expect(known()).toStrictEqual([true, 50]);
    scene.nowMs += 1;
    expect(known()).toStrictEqual([null, 50]);
  });
});
