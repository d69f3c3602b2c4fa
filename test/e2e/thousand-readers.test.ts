/*
 * A thousand streams of events and a thousand long polls at once on one leader: all of them get what is written, and it is
 * read and encoded once for those, and once for these.
 */
import { Cluster, Crowd, until, type FeedPage } from '@skein/testing';
import { afterAll, expect, it } from 'vitest';

const READERS = 1000;
/** What a connection and its request cost in Node, twice over. */
const BYTES_PER_READER_MAX = 64 * 1024;

const cluster = new Cluster();
afterAll(() => cluster.close());

it('a thousand streams and a thousand long polls get a change from one page each', async () => {
  const leader = await cluster.leader();
  const { json: first } = await leader.client.put('/v1/collections/c/k', 1);
  const metric = async (name: string): Promise<number> => (await leader.metric(name))!;
  const memory = (): Promise<number> => metric('process_resident_memory_bytes');
  const before = await memory();
  const crowd = (path: string, accept: string, wanted: readonly [string, string]): Crowd => {
    const readers = new Crowd({ url: leader.url, readers: READERS, path, accept, wanted });
    cluster.atEnd(async () => readers.close());
    return readers;
  };
  const since = `since=${first.position}`;
  const polling = crowd(`/v1/changes?${since}&wait=60`, 'application/json', ['{"log"', ']}']);
  const streaming = crowd(`/v1/changes?${since}&fields=keys`, 'text/event-stream', ['data: ', '\n\n']);
  await until(
    'all are there',
    async () =>
      (await metric('skein_feed_streams')) === READERS && (await metric('skein_feed_waiting_requests')) === READERS,
    { timeoutMs: 45_000 },
  );
  const grown = (await memory()) - before;
  const made = await metric('skein_feed_pages_made_total');
  const { json } = await leader.client.put('/v1/collections/c/k', 2);
  const [pages, streams] = await Promise.all([polling.result(), streaming.result()]);
  expect(pages).toMatchObject([{ readers: READERS }]);
  const page = JSON.parse(pages[0]!.text) as FeedPage;
  expect(page).toMatchObject({ next: json.position, changes: [{ offset: 2, value: 2 }] });
  const [change] = page.changes;
  const { value: _value, ...keys } = change!;
  expect(streams).toStrictEqual([
    { readers: READERS, text: `data: ${JSON.stringify(keys)}\nid: ${json.position}\n\n` },
  ]);
  expect(await metric('skein_feed_pages_made_total')).toBe(made + 2);
  expect(grown).toBeLessThan(2 * READERS * BYTES_PER_READER_MAX);
}, 90_000);
