import { Cluster, until, type Client } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let client: Client;
const KEYS = Array.from({ length: 250 }, (_, i) => `k-${String(i).padStart(3, '0')}`);

beforeAll(async () => {
  client = (await cluster.leader()).client;
  await client.load(
    'paged',
    KEYS.map((key, i) => ({ key, value: i })),
  );
});
afterAll(() => cluster.close());

describe('collections', () => {
  it('are listed with how many documents each has, without those that are empty again', async () => {
    await client.put('/v1/collections/counted/a', 1);
    await client.put('/v1/collections/counted/b', 1);
    await client.put('/v1/collections/emptied/a', 1);
    await client.delete('/v1/collections/emptied/a');
    expect((await client.get('/v1/collections')).json).toStrictEqual({
      collections: [
        { name: 'counted', documents: 2 },
        { name: 'paged', documents: 250 },
      ],
    });
  });
});

describe('a page of documents', () => {
  it('has key, version and value of each, in key order', async () => {
    const { status, headers, json } = await client.get('/v1/collections/paged?limit=2');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(json).toStrictEqual({
      documents: [
        { key: 'k-000', version: expect.stringMatching(/^1\.1-/), value: 0 },
        { key: 'k-001', version: expect.stringMatching(/^2\.1-/), value: 1 },
      ],
      next: 'k-001',
    });
  });

  it.each([
    ['forwards', '', KEYS],
    ['backwards', '&reverse=true', KEYS.toReversed()],
  ])('follows the other by `next`, %s, and the last has none', async (_, query, keys) => {
    const pages = await pagesOf(`/v1/collections/paged?limit=60${query}`);
    expect(pages.map(({ documents }) => documents.length)).toStrictEqual([60, 60, 60, 60, 10]);
    expect(pages.flatMap(({ documents }) => documents.map(({ key }) => key))).toStrictEqual(keys);
    expect(pages.at(-1)).not.toHaveProperty('next');
  });

  it('may be of a prefix, in both directions', async () => {
    const forwards = await pagesOf('/v1/collections/paged?prefix=k-12&limit=4');
    const keys = Array.from({ length: 10 }, (_, i) => `k-12${i}`);
    expect(forwards.flatMap(({ documents }) => documents.map(({ key }) => key))).toStrictEqual(keys);
    const backwards = await pagesOf('/v1/collections/paged?prefix=k-12&limit=4&reverse=true');
    expect(backwards.flatMap(({ documents }) => documents.map(({ key }) => key))).toStrictEqual(keys.toReversed());
    expect((await client.get('/v1/collections/paged?prefix=nothing')).json).toStrictEqual({ documents: [] });
  });

  it('orders keys by their bytes, not by UTF-16 units', async () => {
    const keys = ['a', 'z', 'é', '\uffee', '😀'];
    await client.load(
      'order',
      keys.toReversed().map((key) => ({ key, value: 0 })),
    );
    const { json } = await client.get('/v1/collections/order');
    expect(json.documents.map(({ key }: { key: string }) => key)).toStrictEqual(keys);
  });

  it('of a collection nobody has written to is empty', async () => {
    expect((await client.get('/v1/collections/never')).json).toStrictEqual({ documents: [] });
  });

  it('has 1,000 documents unless told otherwise', async () => {
    await client.load(
      'large',
      Array.from({ length: 1001 }, (_, i) => ({ key: String(i), value: 0 })),
    );
    expect((await client.get('/v1/collections/large')).json.documents).toHaveLength(1000);
    expect((await client.get('/v1/collections/large?limit=5000')).json.documents).toHaveLength(1001);
  });
});

describe('all documents of a collection', () => {
  it('come as one stream of lines', async () => {
    const { status, headers, lines } = await client.get('/v1/collections/paged', { accept: 'application/x-ndjson' });
    expect([status, headers['content-type']]).toStrictEqual([200, 'application/x-ndjson']);
    expect(lines.map(({ key }) => key)).toStrictEqual(KEYS);
    expect(lines[3]).toStrictEqual({ key: 'k-003', version: expect.stringMatching(/^4\.1-/), value: 3 });
  });

  it('come as of one moment, whatever is written meanwhile', async () => {
    const padding = 'x'.repeat(20_000);
    const operations = (round: number): unknown[] =>
      Array.from({ length: 100 }, (_, i) => ({
        op: 'put',
        collection: 'moment',
        key: `m-${i}`,
        value: { round, padding },
      }));
    await client.post('/v1/transactions', { operations: operations(0) });
    let isWriting = true;
    const writing = (async () => {
      for (let round = 1; round <= 10; round++)
        await client.post('/v1/transactions', { operations: operations(round) });
      isWriting = false;
    })();
    const seen = new Set<number>();
    while (isWriting) {
      const { lines } = await client.get('/v1/collections/moment', { accept: 'application/x-ndjson' });
      const rounds = new Set(lines.map(({ value }) => value.round as number));
      expect([lines.length, rounds.size]).toStrictEqual([100, 1]);
      for (const round of rounds) seen.add(round);
    }
    await writing;
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('a blocking read', () => {
  it('answers when the document changes, and not before', async () => {
    const { version } = (await client.put('/v1/collections/watched/w', 1)).json;
    const reading = client.get(`/v1/collections/watched/w?after=${version}&wait=20`);
    await waiting(1);
    await client.put('/v1/collections/watched/other', 1);
    await client.put('/v1/collections/watched/w', 2);
    const { status, text, headers } = await reading;
    expect([status, text]).toStrictEqual([200, '2']);
    expect(headers['etag']).not.toBe(`"${version}"`);
  });

  it('answers at once when the version is another already', async () => {
    const { version } = (await client.put('/v1/collections/watched/past', 1)).json;
    await client.put('/v1/collections/watched/past', 2);
    expect((await client.get(`/v1/collections/watched/past?after=${version}&wait=60`)).text).toBe('2');
  });

  it('is 304 when nothing came in time', async () => {
    const { version } = (await client.put('/v1/collections/watched/still', 1)).json;
    for (const wait of ['', '&wait=1']) {
      const { status, headers } = await client.get(`/v1/collections/watched/still?after=${version}${wait}`);
      expect([status, headers['etag']]).toStrictEqual([304, `"${version}"`]);
    }
  });

  it('waits for a document to come to be, and for one to go', async () => {
    const birth = client.get('/v1/collections/watched/born?after=0&wait=20');
    await waiting(1);
    const { version } = (await client.put('/v1/collections/watched/born', 1)).json;
    expect((await birth).text).toBe('1');
    const death = client.get(`/v1/collections/watched/born?after=${version}&wait=20`);
    await waiting(1);
    await client.delete('/v1/collections/watched/born');
    expect((await death).status).toBe(404);
  });

  async function waiting(requests: number): Promise<void> {
    await until('the request waits', async () =>
      (await client.get('/metrics')).text.includes(`\nskein_feed_waiting_requests ${requests}\n`),
    );
  }
});

interface DocumentPage {
  readonly documents: readonly { readonly key: string }[];
  readonly next?: string;
}

async function pagesOf(path: string): Promise<readonly DocumentPage[]> {
  const pages: DocumentPage[] = [];
  for (let after = ''; ;) {
    const page = (await client.get(path + after)).json as DocumentPage;
    pages.push(page);
    if (page.next === undefined) return pages;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}
