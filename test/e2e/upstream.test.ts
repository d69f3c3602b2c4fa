import { Cluster, freePort, NodeProcess, readDocuments, until, type Flags } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
const SOON: Flags = { 'poll-interval': '200ms', 'backoff-base': '1s', 'backoff-max': '2s', 'circuit-open': '1s' };

beforeAll(async () => {
  leader = await cluster.leader({ 'node-id': 'lead' });
  await leader.client.put('/v1/collections/c/first', 1);
});
afterAll(() => cluster.close());

/** Followers in a row, each of the next one, and the last of the first. */
async function followersInACircle(ids: readonly string[]): Promise<readonly NodeProcess[]> {
  const ports = await Promise.all(ids.map(() => freePort()));
  return Promise.all(
    ids.map(async (id, i) => {
      const next = `http://127.0.0.1:${ports[(i + 1) % ids.length]!}`;
      const flags = { ...SOON, leader: next, 'node-id': id };
      const node = new NodeProcess({ role: 'follower', data: await cluster.directory(), port: ports[i]!, flags });
      cluster.atEnd(() => node.dispose());
      await node.start();
      return node;
    }),
  );
}

async function saysOfItsHealth(node: NodeProcess, sentence: string): Promise<void> {
  await until(`it says: ${sentence}`, async () => (await node.health()).error?.includes(sentence));
}

async function pathOf(node: NodeProcess): Promise<unknown> {
  return (await node.status()).leader.path;
}

async function hasPath(node: NodeProcess, ...path: readonly string[]): Promise<void> {
  await until(`its path is ${path.join()}`, async () => String(await pathOf(node)) === path.join());
}

async function expectSameDocuments(nodes: readonly NodeProcess[]): Promise<void> {
  const documents = await readDocuments(leader.client);
  for (const node of nodes) {
    await node.ready();
    await node.caughtUpWith(leader);
    expect(await readDocuments(node.client)).toStrictEqual(documents);
  }
}

describe('a chain of followers', () => {
  it('knows its path to the leader at each place, in the status and on every answer of the feed', async () => {
    const first = await cluster.follower(leader, { ...SOON, 'node-id': 'first' });
    const second = await cluster.follower(first, { ...SOON, 'node-id': 'second' });
    const third = await cluster.follower(second, { ...SOON, 'node-id': 'third' });
    await hasPath(third, 'second', 'first', 'lead');
    expect(await pathOf(second)).toStrictEqual(['first', 'lead']);
    expect(await pathOf(first)).toStrictEqual(['lead']);

    for (const query of ['', '?since=999', '?nonsense']) {
      const path = `/v1/changes${query}`;
      expect((await leader.client.get(path)).headers['skein-upstream']).toBeUndefined();
      expect((await second.client.get(path)).headers['skein-upstream']).toBe('first,lead');
    }
    expect((await second.client.get('/v1/status')).headers['skein-upstream']).toBeUndefined();

    await first.stop();
    await until('the path is not known without an answer', async () => (await pathOf(second)) === null);
    await hasPath(third, 'second');
  });
});

describe('a follower that its leader has refused', () => {
  it('names no path any more, for it would not notice a change of it', async () => {
    const refused = await cluster.follower(leader, { ...SOON, 'node-id': 'refused' });
    await hasPath(refused, 'lead');
    await refused.caughtUpWith(leader);
    const another = await cluster.leader();
    await refused.restart({ leader: another.url });
    await until('it is refused', async () => (await refused.status()).replication.phase === 'refused');
    expect(await pathOf(refused)).toBeNull();
    expect((await refused.client.get('/v1/changes')).headers['skein-upstream']).toBeUndefined();
  });
});

describe('followers that follow each other in a cycle', () => {
  it('of two, and empty, say so until one of them follows a leader; then both hold what it holds', async () => {
    const [a, b] = (await followersInACircle(['a', 'b'])) as [NodeProcess, NodeProcess];
    await saysOfItsHealth(a, 'the address of the leader leads back to this very node: a → b → a; or else two nodes');
    await saysOfItsHealth(b, 'the address of the leader leads back to this very node: b → a → b; or else two nodes');
    expect((await a.status()).replication).toMatchObject({ phase: 'following', connected: false });
    expect((await a.status()).replication.last_error).toMatch(/a → b → a/);

    await b.restart({ leader: leader.url });
    await expectSameDocuments([b, a]);
    expect(await pathOf(a)).toStrictEqual(['b', 'lead']);
  });

  it('of three, with documents and a node behind them, are not healthy, and come back by themselves', async () => {
    const a = await cluster.follower(leader, { ...SOON, 'node-id': 'a' });
    const b = await cluster.follower(a, { ...SOON, 'node-id': 'b' });
    const c = await cluster.follower(b, { ...SOON, 'node-id': 'c' });
    const behind = await cluster.follower(c, { ...SOON, 'node-id': 'behind' });
    await expectSameDocuments([a, b, c, behind]);

    await a.restart({ leader: c.url });
    await saysOfItsHealth(a, 'leads back to this very node: a → c → b → a;');
    await saysOfItsHealth(b, 'leads back to this very node: b → a → c → b;');
    await saysOfItsHealth(c, 'leads back to this very node: c → b → a → c;');
    await saysOfItsHealth(behind, 'nodes that follow each other in a cycle: behind → c → b → a → c;');

    await leader.client.put('/v1/collections/c/meanwhile', 1);
    await a.restart({ leader: leader.url });
    await expectSameDocuments([a, b, c, behind]);
    await hasPath(behind, 'c', 'b', 'a', 'lead');
  }, 90_000);
});
