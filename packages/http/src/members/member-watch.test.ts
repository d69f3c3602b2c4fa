import type { Clock } from '@skein/core';
import { START, formatPosition } from '@skein/protocol';
import type { Heard } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import type { LinkAnswer } from '../link/node-link.ts';
import { MemberWatch } from './member-watch.ts';

/** What a member answers to each question, and how long it was left alone after each; the watch ends with the last. */
async function watched(answers: readonly (string | Error)[], isUnsettled = false) {
  const pauses: number[] = [];
  const asked: string[] = [];
  const news: [node: string, wasSilent: boolean][] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const clock: Clock = {
    now: () => asked.length,
    wall: () => 0,
    later: () => () => undefined,
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
  const watch = new MemberWatch({
    urls: ['http://peer'],
    openLink,
    clock,
    onHeard: (heard, _before, wasSilent) => news.push([heard.node, wasSilent]),
    isUnsettled: () => isUnsettled,
  });
  const before = watch.lookedAtMs;
  watch.start();
  await ended;
  const { heard, members, lookedAtMs } = watch;
  await watch.stop();
  return { pauses, asked, heard, members, news, before, lookedAtMs };
}

function said(node: string, more: Partial<Heard> = {}): string {
  const position = formatPosition(START);
  const rest = {
    instance: `${node} once`,
    role: 'follower',
    history: [],
    position,
    promised: { spent: 0, outstanding: [] },
    rival: null,
    asking: null,
    min_replicas: 0,
    unfit: null,
  };
  return JSON.stringify({ node, log: 'log', ...rest, ...more });
}

describe('a member', () => {
  it('is asked at its own address who it is, more often while something changes hands', async () => {
    const calm = await watched([said('a'), said('a')]);
    expect([new Set(calm.asked), calm.pauses]).toStrictEqual([new Set(['http://peer/v1/member']), [1000, 1000]]);
    expect(calm.members).toStrictEqual([{ url: 'http://peer', node: 'a', log: 'log' }]);
    expect((await watched([said('a'), said('a')], true)).pauses).toStrictEqual([150, 150]);
  });

  it('is who it was while it does not answer, or not sensibly', async () => {
    const strange = [said('not an id!'), said('a', { history: [{ epoch: 'no epoch', offsetFirst: 1 }] })];
    const answers = [said('a'), new Error('connect ECONNREFUSED'), 'no JSON', '{}', ...strange];
    const { heard, news } = await watched(answers);
    expect(heard.map(({ node, askedAtMs }) => [node, askedAtMs])).toStrictEqual([['a', 0]]);
    expect(news).toStrictEqual([['a', false]]);
  });

  it('is told to be there again, and somebody else when somebody else answers there', async () => {
    const { news, heard } = await watched([new Error('down'), said('a'), said('b')]);
    expect(news).toStrictEqual([
      ['a', true],
      ['b', false],
    ]);
    expect(heard[0]?.node).toBe('b');
  });

  it('has been looked at when it has been asked, whether it answers or not', async () => {
    const { before, lookedAtMs } = await watched([said('a'), new Error('down'), new Error('down')]);
    expect([before, lookedAtMs]).toStrictEqual([null, 2]);
  });
});
