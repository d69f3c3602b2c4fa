import { Cluster, readFeed, until, type Client, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;
let client: Client;

beforeAll(async () => {
  leader = await cluster.leader();
  follower = await cluster.follower(leader);
  client = leader.client;
});
afterAll(() => cluster.close());

const documents = (count: number): unknown[] => Array.from({ length: count }, (_, i) => ({ key: `k-${i}`, value: i }));
const LINES = { accept: 'application/x-ndjson' };

async function countOf(collection: string): Promise<number> {
  const { collections } = (await client.get('/v1/collections')).json;
  return collections.find(({ name }: { name: string }) => name === collection)?.documents ?? 0;
}

/** Has a collection deleted; resolves when the first is said of it, and answers the rest. */
async function beginDeletion(collection: string): Promise<() => Promise<string>> {
  const url = `${leader.url}/v1/collections/${collection}?confirm=${collection}`;
  const { body } = await fetch(url, { method: 'DELETE', headers: LINES });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  return async () => {
    let text = first.value ?? '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    return text;
  };
}

describe('the deletion of a collection', () => {
  it('deletes all of it as ordinary changes, and nothing else', async () => {
    await client.load('all', documents(2500));
    await client.load('all-others', documents(3));
    const { status, json, headers } = await client.delete('/v1/collections/all?confirm=all');
    expect([status, json.count]).toStrictEqual([200, 2500]);
    expect(headers['skein-position']).toBe(json.position);
    expect([await countOf('all'), await countOf('all-others')]).toStrictEqual([0, 3]);
    const { changes, next } = await readFeed(client);
    expect(next).toBe(json.position);
    const deletes = changes.filter(
      ({ op, collection, tx }) => op === 'delete' && collection === 'all' && tx === undefined,
    );
    expect(new Set(deletes.map(({ key }) => key)).size).toBe(2500);
    // A follower that has come so far has none of them either.
    const read = await follower.client.get('/v1/collections/all', { 'skein-min-position': json.position });
    expect(read.json.documents).toStrictEqual([]);
  });

  it('of one that is empty has nothing to do, and is where the log ends', async () => {
    const { status, json } = await client.delete('/v1/collections/nobody?confirm=nobody');
    expect([status, json]).toStrictEqual([200, { count: 0, position: (await leader.status()).position }]);
  });

  it.each([
    ['is not confirmed', 'kept', {}, 'not_confirmed'],
    ['is confirmed with another name', 'kept?confirm=other', {}, 'not_confirmed'],
    ["is of the system's", '$epochs?confirm=$epochs', {}, 'reserved_collection'],
    ['is of no collection', 'a.b?confirm=a.b', {}, 'bad_collection'],
    ['says more', 'kept?confirm=kept&limit=1', {}, 'bad_query'],
    ['has an Idempotency-Key', 'kept?confirm=kept', { 'idempotency-key': 'k' }, 'bad_header'],
    ['wants more members than there are', 'kept?confirm=kept', { prefer: 'replicas=1' }, 'bad_header'],
  ])('that %s is refused', async (_, path, headers, code) => {
    await client.put('/v1/collections/kept/k', 1);
    for (const node of [leader, follower]) {
      const { status, json } = await node.client.delete(`/v1/collections/${path}`, headers);
      expect([status, json.code]).toStrictEqual([400, code]);
    }
    expect(await countOf('kept')).toBe(1);
  });

  it('says how far it is to whoever asks for lines, also through a follower', async () => {
    await client.load('lines', documents(3500));
    const { status, headers, lines } = await follower.client.delete('/v1/collections/lines?confirm=lines', LINES);
    expect([status, headers['content-type']]).toStrictEqual([200, 'application/x-ndjson']);
    expect(lines[0]).toStrictEqual({ deleted: 1000, of: 3500 });
    expect(lines.at(-1)).toStrictEqual({ count: 3500, position: (await leader.status()).position });
    const refused = await follower.client.delete('/v1/collections/lines?confirm=line', LINES);
    expect([refused.status, refused.json.code]).toStrictEqual([400, 'not_confirmed']);
  });

  it('leaves what is written meanwhile', async () => {
    await client.load('busy', documents(20_000));
    const rest = await beginDeletion('busy');
    const kept = ['k-9999', 'k-9998', 'new'];
    const written = await Promise.all(kept.map((key) => client.put(`/v1/collections/busy/${key}`, 'meanwhile')));
    expect(written.every(({ status }) => status < 300)).toBe(true);
    const last = JSON.parse((await rest()).trimEnd().split('\n').at(-1)!);
    const left = (await client.get('/v1/collections/busy')).json.documents;
    expect(left.map(({ key }: { key: string }) => key).toSorted()).toStrictEqual(kept.toSorted());
    const overwritten = written.filter(({ status }) => status === 200).length;
    expect(last.count).toBe(20_000 - overwritten);
  });

  it.each([
    ['of an answer', () => leader, {}],
    ['of an answer through a follower', () => follower, {}],
    ['of lines', () => leader, LINES],
    ['of lines through a follower', () => follower, LINES],
  ] as const)('ends when the client %s goes', async (_, nodeOf, headers) => {
    await client.load('gone', documents(20_000));
    const going = new AbortController();
    const url = `${nodeOf().url}/v1/collections/gone?confirm=gone`;
    const deleting = fetch(url, { method: 'DELETE', headers, signal: going.signal }).catch(() => undefined);
    await until('some are deleted', async () => (await countOf('gone')) < 20_000, { everyMs: 1 });
    going.abort();
    await deleting;
    let last = -1;
    const left = await until(
      'nothing is deleted any more',
      async () => {
        const before = last;
        last = await countOf('gone');
        return last === before && last;
      },
      { everyMs: 300 },
    );
    expect(left).toBeGreaterThan(0);
  });
});
