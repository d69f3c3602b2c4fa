import { describe, expect, it } from 'vitest';
import { FakePlatform, json, never, problem, type Answerer } from '../test/fake-platform.ts';
import { isSkeinError, type SkeinError } from './error.ts';
import { Nodes } from './nodes.ts';
import { Requester, type RequesterOptions } from './requester.ts';

const A = 'http://a';
const B = 'http://b';

function requesterWith(answer: Answerer, urls: readonly string[], options: Partial<RequesterOptions> = {}) {
  const platform = new FakePlatform(answer);
  const requester = new Requester({
    nodes: new Nodes(urls),
    platform,
    token: undefined,
    timeoutMs: 10_000,
    giveUpAfterMs: 30_000,
    backoff: { baseMs: 100, maxMs: 5000 },
    ...options,
  });
  const hosts = (): string => platform.sent.map(({ url }) => new URL(url).hostname).join('');
  return { platform, requester, hosts };
}

const READ = { method: 'GET', path: '/x' } as const;
const WRITE = { method: 'POST', path: '/x', body: '1', headers: { 'idempotency-key': 'k' } } as const;

async function failure(asked: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  if (!isSkeinError(error)) throw new Error('it did not fail', { cause: error });
  return error;
}

describe('a request', () => {
  it('goes to the next node at once, and the next request begins there for a while', async () => {
    const isA = (url: string): boolean => url.startsWith(A);
    const { requester, hosts, platform } = requesterWith(
      ({ url }) => (isA(url) ? new Error('refused') : json(1)),
      [A, B],
    );
    for (let i = 0; i < 2; i++) await requester.ask(READ);
    expect([hosts(), platform.now()]).toStrictEqual(['abb', 0]);
    platform.later(1000, () => undefined);
    await until(() => platform.now() === 1000);
    await requester.ask(READ);
    expect(hosts()).toBe('abbab');
  });

  it('is sent again as it is, later each time, until there is no time left', async () => {
    const { requester, platform } = requesterWith(() => problem(503, 'outcome_unknown'), [A]);
    const error = await failure(requester.ask(WRITE));
    expect(error).toMatchObject({ code: 'outcome_unknown', isOutcomeUnknown: true, idempotencyKey: 'k' });
    const gaps = platform.sent.slice(1).map(({ atMs }, i) => atMs - platform.sent[i]!.atMs);
    expect(gaps).toStrictEqual([99, 199, 399, 799, 1598, 3196, 4995, 4995, 4995, 4995]);
    expect(new Set(platform.sent.map(({ headers, body }) => JSON.stringify([headers, body]))).size).toBe(1);
    expect(platform.now()).toBeLessThanOrEqual(30_000);
  });

  it('is not sent before a node wants it, and not at all when that is too late', async () => {
    const overloaded = (seconds: string) => problem(429, 'overloaded', {}, { 'retry-after': seconds });
    const soon = requesterWith((_, count) => (count === 1 ? overloaded('7') : json(1)), [A]);
    await soon.requester.ask(READ);
    expect(soon.platform.sent.map(({ atMs }) => atMs)).toStrictEqual([0, 7000]);
    const late = requesterWith(() => overloaded('60'), [A]);
    expect((await failure(late.requester.ask(READ))).retryAfterMs).toBe(60_000);
    expect(late.platform.sent).toHaveLength(1);
    const other = requesterWith(({ url }) => (url.startsWith(A) ? overloaded('60') : problem(503, 'starting')), [A, B]);
    await failure(other.requester.ask(READ));
    expect(other.hosts()).toMatch(/^ab+$/);
  });

  it('that a node refuses for what it is is not sent again', async () => {
    const { requester, hosts } = requesterWith(() => problem(412, 'precondition_failed', { version: 'v' }), [A, B]);
    const error = await failure(requester.ask(WRITE));
    expect([error.problem['version'], error.isOutcomeUnknown, error.retry, hosts()]).toStrictEqual([
      'v',
      false,
      'never',
      'a',
    ]);
  });

  it('says that it may have been done when one of the attempts may have done it', async () => {
    const answers: Answerer = (_, count) => (count === 1 ? new Error('cut') : problem(409, 'wrong_type'));
    const { requester } = requesterWith(answers, [A]);
    expect(await failure(requester.ask(WRITE))).toMatchObject({ code: 'wrong_type', isOutcomeUnknown: true });
  });

  it('is given up on by node after node that says nothing, within the time for all', async () => {
    const { requester, platform, hosts } = requesterWith(() => never, [A, B], { giveUpAfterMs: 25_000 });
    const error = await failure(requester.ask(READ));
    expect([error.code, error.url, platform.now(), hosts().slice(0, 3)]).toStrictEqual(['timeout', A, 25_000, 'aba']);
  });

  it('is asked elsewhere, once, where something else answers', async () => {
    const page = () => new Response('<html>', { status: 404 });
    const { requester, hosts } = requesterWith(({ url }) => (url.startsWith(A) ? page() : json(1)), [A, B]);
    await requester.ask(READ);
    expect(hosts()).toBe('ab');
    const alone = requesterWith(page, [A, B]);
    expect((await failure(alone.requester.ask(READ))).message).toMatch(/^bad_answer: http:\/\/b answered 404/);
    expect(alone.hosts()).toBe('ab');
    const gateway = requesterWith((_, count) => (count === 1 ? new Response('', { status: 502 }) : json(1)), [A]);
    await gateway.requester.ask(READ);
    expect(gateway.hosts()).toBe('aa');
  });

  it('goes to the leader that a node names if it is of the set, and to nobody else', async () => {
    const answers: Answerer = ({ url }) => {
      if (url.startsWith('http://c')) return json(1);
      return problem(421, 'not_leader', { leader: url.startsWith(A) ? 'http://c' : 'http://evil' });
    };
    const { requester, hosts } = requesterWith(answers, [A, B, 'http://c']);
    await requester.ask(WRITE);
    expect(hosts()).toBe('ac');
    const other = requesterWith(answers, [B], { token: 'secret' });
    expect((await failure(other.requester.ask(WRITE))).code).toBe('not_leader');
    expect(other.hosts()).toMatch(/^b+$/);
    expect(other.platform.sent[0]!.headers['authorization']).toBe('Bearer secret');
  });

  it('follows no redirection', async () => {
    const answers: Answerer = () => new Response('', { status: 307, headers: { location: 'http://evil/' } });
    const { requester, hosts } = requesterWith(answers, [A], { token: async () => 'secret' });
    expect((await failure(requester.ask(READ))).code).toBe('bad_answer');
    expect(hosts()).toBe('a');
  });

  it('that cannot be made is misuse, and not sent', async () => {
    const { requester, platform } = requesterWith(() => json(1), [A], {
      token: () => Promise.reject(new Error('none')),
    });
    await expect(requester.ask(READ)).rejects.toThrow('none');
    const other = requesterWith(() => json(1), [A]);
    await expect(other.requester.ask({ ...READ, headers: { prefer: 'a\nb' } })).rejects.toThrow(TypeError);
    expect([platform.sent, other.platform.sent]).toStrictEqual([[], []]);
  });

  it('ends with the reason of its signal, also while it pauses', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { requester, platform } = requesterWith(() => problem(503, 'starting', {}, { 'retry-after': '20' }), [A]);
    platform.later(10, () => controller.abort(reason));
    await expect(requester.ask({ ...READ, signal: controller.signal })).rejects.toBe(reason);
    await expect(requester.ask({ ...READ, signal: controller.signal })).rejects.toBe(reason);
    expect(platform.sent).toHaveLength(1);
  });
});

describe('the addresses of a set', () => {
  it.each(['', 'a', 'ftp://a', 'http://user:pass@a', 'http://a/?x', 'http://a/#x'])('do not have %j', (url) => {
    expect(() => new Nodes([url])).toThrow('is not the address of a node');
  });

  it('may be below a path, and are counted once', () => {
    expect(new Nodes(['https://a/db/', 'https://a/db']).order(0)).toStrictEqual([{ url: 'https://a/db' }]);
    expect(() => new Nodes([])).toThrow(TypeError);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}
