import type { Clock, Identity } from '@skein/core';
import type { LinkAnswer } from '@skein/http';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { PeerWatch } from './peer-watch.ts';

const LOG = 'this-log';
const SELF: Identity = { log: LOG, role: 'leader', node: 'self' };

/** What the peer answers to each question, and how long it was left alone after each; the watch ends with the last. */
async function watched(answers: readonly (string | Error)[]) {
  const pauses: number[] = [];
  const asked: string[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    sleep: async (ms, signal) => {
      pauses.push(ms);
      if (pauses.length < answers.length) return;
      end();
      await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }));
    },
  };
  const openLink = (url: string) => ({
    request: async ({ path }: { readonly path: string }): Promise<LinkAnswer> => {
      const answer = answers[asked.push(`${url}${path}`) - 1]!;
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: { text: async () => answer } as LinkAnswer['body'] };
    },
    close: async () => undefined,
  });
  const watch = new PeerWatch({ urls: ['http://peer'], openLink, clock, self: () => SELF });
  const app = Fastify();
  watch.install(app);
  await app.ready();
  await ended;
  await app.close();
  return { pauses, asked, members: watch.members() };
}

const said = (node: string, log: string | null): string => JSON.stringify({ node, log, role: 'follower' });

describe('a peer', () => {
  it('is asked at its own address who it is, often until it is on this log', async () => {
    const { pauses, asked, members } = await watched([said('a', null), said('a', LOG), said('a', LOG)]);
    expect(new Set(asked)).toStrictEqual(new Set(['http://peer/v1/status']));
    expect(pauses).toStrictEqual([1000, 10_000, 10_000]);
    expect(members).toStrictEqual([{ url: 'http://peer', node: 'a', log: LOG }]);
  });

  it('is who it was while it does not answer, or not sensibly', async () => {
    const answers = [said('a', LOG), new Error('connect ECONNREFUSED'), 'no JSON', '{}', said('not an id!', LOG)];
    expect((await watched(answers)).members).toStrictEqual([{ url: 'http://peer', node: 'a', log: LOG }]);
  });

  it('is none when it is the node itself', async () => {
    expect((await watched([said('self', LOG)])).members).toStrictEqual([]);
  });

  it('is somebody else when somebody else answers there', async () => {
    const { members, pauses } = await watched([said('a', LOG), said('b', 'another-log')]);
    expect(members).toStrictEqual([{ url: 'http://peer', node: 'b', log: 'another-log' }]);
    expect(pauses).toStrictEqual([10_000, 1000]);
  });
});
