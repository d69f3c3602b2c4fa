import { Cluster, FeedChecker, until, type Client, type FeedPage, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let client: Client;

beforeAll(async () => {
  leader = await cluster.leader();
  client = leader.client;
  await client.put('/v1/collections/first/k', 1);
});
afterAll(() => cluster.close());

/** Parked requests are seen in the metrics, so no test has to guess when they have arrived. */
async function waiting(requests: number): Promise<void> {
  await until(
    `${requests} requests wait`,
    async () => (await leader.metric('skein_feed_waiting_requests')) === requests,
  );
}

describe('a long poll', () => {
  it('answers as soon as there is a change', async () => {
    const polling = client.get('/v1/changes?since=now&wait=30');
    await waiting(1);
    const { position } = (await client.put('/v1/collections/polled/k', 1)).json;
    const page = (await polling).json as FeedPage;
    expect(page).toMatchObject({ next: position, upToDate: true });
    expect(page.changes).toMatchObject([{ collection: 'polled', key: 'k', value: 1 }]);
  });

  it('answers at once when there is something already', async () => {
    const { json } = await client.get('/v1/changes?since=0&wait=60');
    expect(json.changes.length).toBeGreaterThan(0);
  });

  it('is answered with an empty page of the same shape when its time is up', async () => {
    const before = (await client.get('/v1/changes?since=now')).json as FeedPage;
    const startedAt = performance.now();
    const { status, json } = await client.get('/v1/changes?since=now&wait=1');
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect([status, json]).toStrictEqual([200, before]);
    const ndjson = await client.get('/v1/changes?since=now&wait=1', { accept: 'application/x-ndjson' });
    expect(ndjson.lines).toHaveLength(2);
    const records = await client.get('/v1/changes?since=now&wait=1', { accept: 'application/vnd.skein.records' });
    expect([records.status, records.bytes.length]).toStrictEqual([200, 0]);
    expect(records.headers['skein-next']).toBe(before.next);
  });

  it('that is filtered sleeps through what does not match, and has moved on when its time is up', async () => {
    const polling = client.get('/v1/changes?since=now&wait=30&collections=wanted');
    await waiting(1);
    await client.put('/v1/collections/unwanted/k', 1);
    await waiting(1);
    await client.put('/v1/collections/wanted/k', 1);
    expect((await polling).json.changes).toMatchObject([{ collection: 'wanted' }]);

    const inVain = client.get('/v1/changes?since=now&wait=2&collections=wanted');
    await waiting(1);
    const { position } = (await client.put('/v1/collections/unwanted/k', 2)).json;
    expect((await inVain).json).toMatchObject({ changes: [], next: position, upToDate: true });
  });

  it('whose client is gone is forgotten', async () => {
    const client_ = new AbortController();
    const polling = client.request('GET', '/v1/changes?since=now&wait=60', { signal: client_.signal });
    await waiting(1);
    client_.abort();
    await expect(polling).rejects.toThrow();
    await waiting(0);
  });

  it('follows every change, in order, while many write', async () => {
    const checker = new FeedChecker((await leader.status()).position as string);
    const first = checker.offset;
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 50; i++) await client.put(`/v1/collections/busy/w-${writer}`, i);
      }),
    );
    while (checker.offset < first + 200) {
      const { json } = await client.get(`/v1/changes?since=${checker.next}&wait=10`);
      checker.addPage(json as FeedPage);
    }
    await writing;
    expect(checker.changes).toHaveLength(200);
  });
});

describe('readers at one position', () => {
  it('share one page, made once, and all get the same bytes', async () => {
    const polls = Array.from({ length: 100 }, () => client.get('/v1/changes?since=now&wait=30'));
    await waiting(100);
    const before = await leader.metric('skein_feed_pages_made_total');
    const { position } = (await client.put('/v1/collections/shared/k', 'x'.repeat(1000))).json;
    const pages = await Promise.all(polls);
    expect(new Set(pages.map(({ text }) => text)).size).toBe(1);
    expect(pages[0]!.json.next).toBe(position);
    expect(await leader.metric('skein_feed_pages_made_total')).toBe(before! + 1);
    await waiting(0);
  });
});

describe('what a follower says of itself', () => {
  const follower = { accept: 'application/vnd.skein.records', 'skein-follower': 'f-1' };
  const slots = async (): Promise<any[]> => (await leader.status()).followers as any[];

  it('acknowledges what is applied, never what is asked for', async () => {
    const { head, position } = await leader.status();
    await client.get('/v1/changes?since=now', { ...follower, 'skein-applied': '0' });
    expect(await slots()).toStrictEqual([
      {
        id: 'f-1',
        applied: '0',
        copying: null,
        lag_changes: head.offset,
        seen_seconds_ago: expect.any(Number),
        state: 'live',
        refusal: null,
      },
    ]);
    expect(await leader.metric('skein_replication_outbox_drift')).toBe(head.offset);
    expect(await leader.metric('skein_replication_active_followers')).toBe(1);
    await client.get('/v1/changes?since=now', { ...follower, 'skein-applied': position });
    expect((await leader.health()).outbox_drift).toBe(0);
  });

  it('counts for nothing when it is not on this history', async () => {
    const [offset, epoch] = (await leader.status()).position.split('.');
    for (const applied of [`${Number(offset) + 1}.${epoch}.0123456789abcdef`, `1.1-zzzzzzzz.0123456789abcdef`]) {
      await client.get('/v1/changes?since=now', {
        accept: follower.accept,
        'skein-follower': 'f-2',
        'skein-applied': applied,
      });
    }
    expect((await slots()).map(({ id }) => id)).toStrictEqual(['f-1']);
  });
});

describe('a stopping node', () => {
  it('answers those who wait, then ends with exit code 0', async () => {
    const polls = Array.from({ length: 20 }, () => client.get('/v1/changes?since=now&wait=60'));
    const reads = client.get('/v1/collections/first/k?after=1.1-aaaaaaaa&wait=60');
    await waiting(20);
    expect((await reads).status).toBe(200);
    const end = await leader.stop();
    for (const { status, json } of await Promise.all(polls)) {
      expect([status, json.changes]).toStrictEqual([200, []]);
    }
    expect(end).toStrictEqual({ exitCode: 0, signal: undefined });
  });
});
