import { Cluster, readFeed, type Answer, type Client, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let client: Client;

beforeAll(async () => {
  leader = await cluster.leader();
  client = leader.client;
  await client.put('/v1/collections/idem/to-delete', 1);
});
afterAll(() => cluster.close());

const once = (key: string) => ({ 'idempotency-key': key });
const isReplayed = ({ headers }: Answer): boolean => headers['idempotent-replayed'] === 'true';

function expectRepeat(repeat: Answer, first: Answer): void {
  expect([repeat.status, repeat.text, isReplayed(repeat)]).toStrictEqual([first.status, first.text, true]);
  expect(repeat.headers['skein-position']).toBe(first.headers['skein-position']);
  expect(repeat.headers['etag']).toBe(first.headers['etag']);
}

const path = '/v1/collections/idem';
const operations = [
  { op: 'increment', collection: 'idem', key: 'tx-a' },
  { op: 'put', collection: 'idem-2', key: 'tx-b', value: [1] },
];

/** Every kind of write, each with a key of its own. */
const WRITES: readonly [what: string, write: (to: Client, key: string) => Promise<Answer>][] = [
  ['a put', (to, key) => to.put(`${path}/put`, { n: 1 }, once(key))],
  ['a patch', (to, key) => to.patch(`${path}/patch`, { n: 1 }, once(key))],
  ['a delete', (to, key) => to.delete(`${path}/to-delete`, once(key))],
  ['an increment', (to, key) => to.post(`${path}/n/increment`, { by: 5 }, once(key))],
  ['a decrement without a body', (to, key) => to.post(`${path}/n/decrement`, undefined, once(key))],
  ['an append', (to, key) => to.post(`${path}/t/append`, { text: 'a' }, once(key))],
  ['a prepend', (to, key) => to.post(`${path}/t/prepend`, { text: 'b' }, once(key))],
  ['a transaction', (to, key) => to.post('/v1/transactions', { operations }, once(key))],
  [
    'a bulk load',
    (to, key) =>
      to.load(
        'idem-bulk',
        [
          { key: 'a', value: 1 },
          { key: 'b', value: 2 },
        ],
        once(key),
      ),
  ],
  ['a bulk array', (to, key) => to.post('/v1/collections/idem-array', [{ key: 'a', value: 1 }], once(key))],
];

describe('a repeat with the same Idempotency-Key', () => {
  it('gets the first answer, and nothing is written again: every kind of write, also after kill -9', async () => {
    const firsts = new Map<string, Answer>();
    for (const [what, write] of WRITES) {
      const first = await write(client, what.replaceAll(' ', '-'));
      expect([what, first.status < 300, isReplayed(first)]).toStrictEqual([what, true, false]);
      firsts.set(what, first);
    }
    const { position } = await leader.status();
    const repeatAll = async (): Promise<void> => {
      for (const [what, write] of WRITES)
        expectRepeat(await write(client, what.replaceAll(' ', '-')), firsts.get(what)!);
      expect((await leader.status()).position).toBe(position);
    };
    await repeatAll();
    await leader.restart();
    await repeatAll();
    await leader.kill();
    await leader.start();
    await repeatAll();
  });

  it('says what happened then, not what is so now', async () => {
    const first = await client.put(`${path}/then`, 1, once('then'));
    await client.put(`${path}/then`, 2);
    expectRepeat(await client.put(`${path}/then`, 1, once('then')), first);
    await client.delete(`${path}/then`);
    expectRepeat(await client.put(`${path}/then`, 1, once('then')), first);
    expect((await client.get(`${path}/then`)).status).toBe(404);
  });

  it('that comes while the first is still under way is answered with it', async () => {
    const attempts = Array.from({ length: 50 }, () => client.post(`${path}/race/increment`, { by: 1 }, once('race')));
    const answers = await Promise.all(attempts);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter((answer) => !isReplayed(answer))).toHaveLength(1);
    expect((await client.get(`${path}/race`)).json).toBe(1);
  });

  it('is answered alike by followers, and once for all of them', async () => {
    const followers = [await cluster.follower(leader), await cluster.follower(leader)];
    const nodes = [leader, ...followers];
    const attempts = Array.from({ length: 30 }, (_, i) =>
      nodes[i % 3]!.client.post(`${path}/everywhere/increment`, { by: 1 }, once('everywhere')),
    );
    const answers = await Promise.all(attempts);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await client.get(`${path}/everywhere`)).json).toBe(1);
    const { changes } = await readFeed(client);
    expect(changes.filter(({ key }) => key === 'everywhere')).toHaveLength(1);
  });
});

describe('the same Idempotency-Key with another request', () => {
  it('is 422 and writes nothing, also after a restart', async () => {
    await client.put(`${path}/other`, 1, once('other'));
    const { position } = await leader.status();
    const refuseAll = async (): Promise<void> => {
      const others = [
        client.put(`${path}/other`, 2, once('other')),
        client.put(`${path}/another`, 1, once('other')),
        client.put('/v1/collections/elsewhere/other', 1, once('other')),
        client.patch(`${path}/other`, 1, once('other')),
        client.delete(`${path}/other`, once('other')),
        client.put(`${path}/other`, 1, { ...once('other'), 'if-match': '*' }),
        client.post('/v1/transactions', { operations }, once('other')),
      ];
      for (const { status, json } of await Promise.all(others)) {
        expect([status, json.code]).toStrictEqual([422, 'idempotency_mismatch']);
      }
      expect((await leader.status()).position).toBe(position);
    };
    await refuseAll();
    await leader.restart();
    await refuseAll();
  });

  it('is 422 when both come at once', async () => {
    const answers = await Promise.all([1, 2].map((value) => client.put(`${path}/both`, value, once('both'))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toStrictEqual([201, 422]);
  });
});

describe('an Idempotency-Key', () => {
  it('is not used up by a write that was refused', async () => {
    expect((await client.delete(`${path}/not-yet`, once('refused'))).status).toBe(404);
    await client.put(`${path}/not-yet`, 1);
    const deleted = await client.delete(`${path}/not-yet`, once('refused'));
    expect([deleted.status, isReplayed(deleted)]).toStrictEqual([200, false]);
  });

  it('stays private: the log holds digests of it', async () => {
    await client.put(`${path}/private`, 1, once('secret-of-mine'));
    const feed = await client.get(`/v1/changes?limit=5000`);
    expect(feed.text).not.toContain('secret-of-mine');
    expect(feed.json.changes.at(-1).idem).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{32}$/);
  });

  it('makes of a bulk load one transaction, of at most 1,000 documents', async () => {
    const documents = Array.from({ length: 1001 }, (_, i) => ({ key: `k-${i}`, value: i }));
    const { position } = await leader.status();
    const tooMany = await client.load('idem-large', documents, once('too-many'));
    expect([tooMany.status, tooMany.json.code]).toStrictEqual([413, 'too_large']);
    expect((await leader.status()).position).toBe(position);
    expect((await client.load('idem-large', documents.slice(1), once('enough'))).json.count).toBe(1000);
    const { changes } = await readFeed(client);
    expect(new Set(changes.slice(-1000).map(({ tx }) => tx))).toStrictEqual(new Set([changes.length]));
  });
});
