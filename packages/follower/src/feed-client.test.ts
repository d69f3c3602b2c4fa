import type { LinkAnswer, LinkHeaders, LinkRequest, NodeLink } from '@skein/http';
import { MEDIA_TYPES, START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { HttpFeedClient, type FeedAnswer } from './feed-client.ts';

/** A node that answers every question with an empty page, and with what the test adds. */
function client(answered: (asked: LinkHeaders) => LinkHeaders, requests: LinkRequest[] = []): HttpFeedClient {
  const link: NodeLink = {
    request: async (request): Promise<LinkAnswer> => {
      requests.push(request);
      const facts = { 'content-type': MEDIA_TYPES.records, 'skein-log': 'log', 'skein-head': '7', 'skein-node': 'm' };
      const body = { bytes: async () => Buffer.alloc(0), text: async () => '', dump: async () => undefined };
      return {
        status: 200,
        headers: { ...facts, ...answered(request.headers) },
        body: body as unknown as LinkAnswer['body'],
      };
    },
    close: async () => undefined,
  };
  return new HttpFeedClient({ link, nodeId: 'f', requestTimeoutMs: 1000, random: () => 0.5 });
}

const signal = new AbortController().signal;
const ask = (feed: HttpFeedClient): Promise<FeedAnswer> => feed.ask({ applied: START, log: 'log' }, signal);
const fetch = (feed: HttpFeedClient): Promise<FeedAnswer> =>
  feed.fetch({ since: 0, applied: START, log: 'log', limit: 1, waitSeconds: 0 }, signal);

describe('a question that wants to know what is so now', () => {
  it('is answered by an answer that names it, and by no other', async () => {
    const requests: LinkRequest[] = [];
    const honest = client((asked) => ({ 'skein-question': asked['skein-question'] }), requests);
    expect(await ask(honest)).toMatchObject({ kind: 'page', page: { headOffset: 7 } });
    expect(requests[0]!.headers).toMatchObject({ prefer: 'max-staleness=0, wait=5' });
    expect(requests[0]!.answerMs).toBe(6000);
    await ask(honest);
    expect(requests[1]!.headers['skein-question']).not.toBe(requests[0]!.headers['skein-question']);
    await expect(ask(client(() => ({})))).rejects.toThrow(/another question/);
    await expect(ask(client(() => ({ 'skein-question': 'i-99' })))).rejects.toThrow(/another question/);
  });

  it('is the only one that an answer which names it is taken for', async () => {
    await expect(fetch(client(() => ({ 'skein-question': 'i-1' })))).rejects.toThrow(/another question/);
    expect(await fetch(client(() => ({})))).toMatchObject({ kind: 'page' });
  });

  it('leaves what is known of the way to the leader as it is when it fails', async () => {
    let isUp = true;
    const feed = client(() => {
      if (!isUp) throw new Error('ECONNRESET');
      return {};
    });
    await fetch(feed);
    isUp = false;
    await expect(ask(feed)).rejects.toThrow();
    expect(feed.path).toStrictEqual(['m']);
    await expect(fetch(feed)).rejects.toThrow();
    expect(feed.path).toBeNull();
  });
});

describe('how far behind the node that answers says it is', () => {
  it.each<[says: LinkHeaders, lag: { readonly changes: number | null; readonly ms: number | null }]>([
    [{ 'skein-role': 'leader' }, { changes: 0, ms: 0 }],
    [{ 'skein-role': 'follower' }, { changes: null, ms: null }],
    [
      { 'skein-role': 'follower', 'skein-lag-changes': '3', 'skein-lag-ms': '250' },
      { changes: 3, ms: 250 },
    ],
    [
      { 'skein-role': 'follower', 'skein-lag-changes': 'unknown', 'skein-lag-ms': '250' },
      { changes: null, ms: 250 },
    ],
    [
      { 'skein-lag-changes': '-1', 'skein-lag-ms': 'soon' },
      { changes: null, ms: null },
    ],
  ])('is taken as it is said: %o', async (says, lag) => {
    expect(await fetch(client(() => says))).toMatchObject({ kind: 'page', page: { lag } });
  });
});
