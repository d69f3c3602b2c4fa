import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, Store, type Clock } from '@skein/core';
import { Membership, type LinkAnswer, type Roles } from '@skein/http';
import { afterEach, describe, expect, it } from 'vitest';
import { Leader } from './leader.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A leader with one peer, which says what it is told to when it is asked. */
async function leaderWithPeer() {
  const directory = await mkdtemp(join(tmpdir(), 'skein-leader-'));
  closers.push(() => rm(directory, { recursive: true }));
  const store = await Store.open({ level: classicLevel(directory), role: 'leader', node: 'self' });
  closers.push(() => store.close());
  let nowMs = 0;
  let asked = 0;
  let answer = (): Promise<object> => Promise.reject(new Error('connect ECONNREFUSED'));
  const clock: Clock = {
    now: () => nowMs,
    wall: () => 0,
    later: () => () => undefined,
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error()))),
  };
  const link = {
    request: async (): Promise<LinkAnswer> => {
      asked++;
      const text = JSON.stringify(await answer());
      return { status: 200, headers: {}, body: { text: async () => text } as LinkAnswer['body'] };
    },
    close: async () => undefined,
  };
  const options = { peers: ['http://peer'], leaders: [], minReplicas: 0, instance: 'one', logger: undefined };
  const membership = new Membership({ store, clock, openLink: () => link, ...options });
  const followed: (string | null)[] = [];
  const roles: Roles = {
    following: () => followed.at(-1) ?? null,
    unfit: () => null,
    newestKnown: () => 0,
    holdWrites: async () => undefined,
    letWritesGo: () => undefined,
    returned: () => undefined,
    lead: (begin) => begin(),
    follow: async (url) => {
      followed.push(url);
      await store.leadership.follow();
    },
  };
  const retention = { changesMin: 1, bytesMax: 1024 ** 3, silenceMsMax: 1000 };
  const leader = new Leader({ store, clock, random: () => 0, membership, version: '0', retention });
  await leader.server.app.ready();
  closers.push(() => leader.stop());
  closers.push(() => membership.stop());
  return {
    put: () => leader.server.app.inject({ method: 'PUT', url: '/v1/collections/c/k', payload: {} }),
    start: () => membership.start(roles),
    answers: (next: typeof answer) => (answer = next),
    goesOn: (ms: number) => (nowMs += ms),
    asked: () => asked,
    head: () => store.facts.head.offset,
    followed,
    log: store.facts.identity.log,
  };
}

function leading(log: string | null) {
  const history = [{ epoch: '2-bbbbbbbb', offsetFirst: 5 }];
  const rest = {
    position: '5.2-bbbbbbbb.0123456789abcdef',
    promised: { spent: 0, outstanding: [] },
    rival: null,
    asking: null,
    min_replicas: 0,
    unfit: null,
  };
  return { node: 'peer', instance: 'other', log, role: 'leader', history, ...rest };
}

describe('a leader with peers', () => {
  it('writes nothing before it has asked them, and goes on when they do not answer', async () => {
    const scene = await leaderWithPeer();
    let refuse: (error: Error) => void = () => undefined;
    scene.answers(() => new Promise((_resolve, reject) => (refuse = reject)));
    scene.start();
    const putting = scene.put();
    await new Promise((resolve) => setImmediate(resolve));
    expect(scene.head()).toBe(0);
    scene.answers(() => Promise.reject(new Error('connect ECONNREFUSED')));
    refuse(new Error('connect ECONNREFUSED'));
    expect((await putting).statusCode).toBe(201);
    const { asked } = scene;
    const before = asked();
    expect((await scene.put()).statusCode).toBe(200);
    expect(asked()).toBe(before);
  });

  it('that has slept for long asks them before it acknowledges anything, and does not when another one leads', async () => {
    const scene = await leaderWithPeer();
    scene.start();
    expect((await scene.put()).statusCode).toBe(201);
    scene.goesOn(60_000);
    scene.answers(async () => leading(scene.log));
    const answer = await scene.put();
    expect([answer.statusCode, answer.json().code]).toStrictEqual([421, 'not_leader']);
    expect([scene.followed, scene.head()]).toStrictEqual([['http://peer'], 1]);
  });
});
