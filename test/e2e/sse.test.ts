/*
 * Streams of events while nodes go and come: a reader that comes back with its last id has every change once, in order.
 */
import { Cluster, EventReader, until, type NodeProcess } from '@skein/testing';
import { afterAll, expect, it } from 'vitest';

/** Nodes are started three times, beside whatever else the machine does. */
const PATIENT = { timeoutMs: 60_000 };

const cluster = new Cluster();
const readers: EventReader[] = [];
afterAll(async () => {
  for (const reader of readers) reader.close();
  await cluster.close();
});

/** Reads on, as a browser does, until it has what is written last; answers every event of every connection, as any: tests know what they wrote. */
async function readOn(nodes: readonly NodeProcess[], path: string): Promise<any[]> {
  const changes: any[] = [];
  let lastId = '0';
  for (let connections = 0; ; connections++) {
    const { url } = nodes[connections % nodes.length]!;
    const reader = await until('somebody answers', () => EventReader.open(url, { path, lastId }), PATIENT);
    readers.push(reader);
    const isLast = (): boolean => reader.changes.at(-1)?.collection === 'last';
    await until('it is over', () => reader.end !== undefined || isLast(), PATIENT);
    reader.close();
    // What came behind the last id comes again.
    const upTo = Number(reader.lastId.split('.')[0]);
    changes.push(...reader.changes.filter(({ offset }) => offset <= upTo));
    lastId = reader.lastId === '' ? lastId : reader.lastId;
    if (isLast()) return changes;
  }
}

it('has every change once, over crashes and stops of the nodes it is read from, while many write', async () => {
  const leader = await cluster.leader();
  const follower = await cluster.follower(leader);
  let isOver = false;
  const writing = Array.from({ length: 2 }, async (_, writer) => {
    for (let i = 0; !isOver; i++) {
      const operations = [1, 2, 3].map((n) => ({ op: 'put', collection: 'c', key: `${writer}-${n}`, value: i }));
      await leader.client.post('/v1/transactions', { operations }).catch(() => undefined);
      await leader.client.put(`/v1/collections/d/${writer}`, i).catch(() => undefined);
    }
  });
  const reading = Promise.all([
    readOn([leader], '/v1/changes?since=0'),
    readOn([follower], '/v1/changes?since=0'),
    readOn([follower, leader], '/v1/changes?collections=c,last&fields=keys'),
  ]);
  // Whoever waits for it is told.
  reading.catch(() => undefined);
  await follower.kill();
  await follower.start();
  await leader.restart();
  await leader.kill();
  await leader.start();
  isOver = true;
  await Promise.all(writing);
  await leader.client.put('/v1/collections/last/k', 1);
  const [ofLeader, ofFollower, filtered] = await reading;
  const head = await leader.head();
  expect(ofLeader.map(({ offset }) => offset)).toStrictEqual(Array.from({ length: head }, (_, i) => i + 1));
  expect(ofFollower).toStrictEqual(ofLeader);
  expect(filtered).toStrictEqual(
    ofLeader
      .filter(({ collection }) => collection !== 'd')
      .map(({ value: _value, ...rest }: { readonly value: unknown }) => rest),
  );
}, 120_000);

it('tells a reader from a node that is further than a follower to come again, and not that it is lost', async () => {
  const leader = await cluster.leader();
  const proxy = await cluster.proxy(leader);
  const follower = await cluster.follower(proxy);
  await leader.client.put('/v1/collections/c/k', 1);
  await follower.caughtUpWith(leader);
  proxy.set({ kind: 'blackhole' });
  const lastId = (await leader.client.put('/v1/collections/c/k', 2)).json.position as string;
  const early = await EventReader.open(follower.url, { path: '/v1/changes', lastId });
  readers.push(early);
  expect(await early.untilEnd()).toBe('ended');
  expect(early.events.map(({ name, data }) => [name, JSON.parse(data).code])).toStrictEqual([['behind', 'ahead']]);
  expect(early.retryMs).toBeLessThan(5000);
});

it('ends on a node that stops, and the node with it', async () => {
  const leader = await cluster.leader();
  const open = await Promise.all(
    Array.from({ length: 20 }, () => EventReader.open(leader.url, { path: '/v1/changes?since=now' })),
  );
  readers.push(...open);
  await until('all are open', async () => (await leader.metric('skein_feed_streams')) === 20);
  expect(await leader.stop()).toStrictEqual({ exitCode: 0, signal: undefined });
  for (const reader of open) expect(await reader.untilEnd()).toBe('ended');
});
