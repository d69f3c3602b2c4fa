/*
 * Nodes of a mesh as an operator runs them, with mosquitto between them where it is installed: killed, cut off from each
 * other, and brought back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Cluster,
  findMosquitto,
  freePort,
  Mosquitto,
  runSkein,
  until,
  type ChaosProxy,
  type Flags,
  type NodeProcess,
} from '@skein/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

const mosquitto = await findMosquitto();
if (mosquitto === undefined) console.warn('mosquitto is not installed: these nodes of a mesh meet over HTTP alone');

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

vi.setConfig({ testTimeout: 90_000 });

interface Pair {
  readonly a: NodeProcess;
  readonly b: NodeProcess;
  readonly broker: Mosquitto | null;
  /** What stands between each and the other. */
  readonly proxies: readonly ChaosProxy[];
}

async function startPair(flags: Flags = {}): Promise<Pair> {
  const broker = mosquitto === undefined ? null : await Mosquitto.start(mosquitto, await cluster.directory());
  if (broker !== null) cluster.atEnd(() => broker.kill());
  const ports = [await freePort(), await freePort()] as const;
  const proxies = await Promise.all(ports.map((port) => cluster.proxy({ url: `http://127.0.0.1:${port}` })));
  const mqtt: Flags = broker === null ? {} : { 'mqtt-url': broker.url };
  const start = (id: string, at: 0 | 1): Promise<NodeProcess> =>
    cluster.mesh(id, { ...mqtt, ...flags, peers: proxies[1 - at]!.url }, { port: ports[at] });
  const [a, b] = await Promise.all([start('a', 0), start('b', 1)]);
  await Promise.all([a, b].map((node) => node.ready()));
  if (broker !== null)
    for (const node of [a, b])
      await until('at the broker', async () => (await node.status()).broker.connected as boolean);
  return { a, b, broker, proxies };
}

const put = (node: NodeProcess, key: string, value: unknown) => node.client.put(`/v1/collections/c/${key}`, value);
const load = (node: NodeProcess, prefix: string, count: number): Promise<unknown> =>
  node.client.load(
    'c',
    Array.from({ length: count }, (_, i) => ({ key: `${prefix}-${i}`, value: i })),
  );
const has = (node: NodeProcess, key: string): Promise<unknown> =>
  until(`${key} is there`, async () => (await node.client.get(`/v1/collections/c/${key}`)).status === 200);
/** The documents that tests write, without versions: each log has its own. */
const contentOf = async (node: NodeProcess): Promise<string> => {
  const { lines } = await node.client.get('/v1/collections/c', { accept: 'application/x-ndjson' });
  return JSON.stringify((lines as { key: string; value: unknown }[]).map(({ key, value }) => [key, value]));
};
const areEqual = (a: NodeProcess, b: NodeProcess): Promise<unknown> =>
  until('they have the same', async () => (await contentOf(a)) === (await contentOf(b)));

describe('two nodes of a mesh', () => {
  it('have all that was acknowledged, when one is killed while both are written to and comes back', async () => {
    const { a, b } = await startPair();
    await put(a, 'from-a', 1);
    await has(b, 'from-a');
    await put(b, 'from-b', 1);
    await has(a, 'from-b');
    const before = (await b.status()).mesh.incarnation as string;

    await load(b, 'b', 500);
    const loading = load(a, 'a', 2000);
    await sleep(20);
    await b.kill();
    await loading;
    await a.client.delete('/v1/collections/c/from-b');
    await b.start();
    await areEqual(a, b);
    expect((await b.status()).mesh.incarnation).not.toBe(before);
    for (const node of [a, b]) {
      const { collections } = (await node.client.get('/v1/collections')).json as { collections: readonly unknown[] };
      expect(collections).toContainEqual(expect.objectContaining({ name: 'c', documents: 2501 }));
      expect((await node.client.get('/v1/collections/c/from-b')).status).toBe(404);
    }
    await put(b, 'again', 1);
    await has(a, 'again');
    // What came through the broker came before the two have met again.
    for (const node of [a, b]) await until('it is well', async () => (await node.status()).healthy as boolean);
    const status = await runSkein(['status', a.url, b.url]);
    expect(status).toMatchObject({ exitCode: 0 });
    expect(status.stdout).toContain('mesh');
  });

  it('come to the same when they were cut off from each other and both written to, and keep what lost', async () => {
    const { a, b, broker, proxies } = await startPair({ 'keep-conflicts': true });
    for (const key of ['both', 'changed-and-deleted', 'gone']) await put(a, key, 'before');
    for (const key of ['both', 'changed-and-deleted', 'gone']) await has(b, key);

    await broker?.kill();
    for (const proxy of proxies) proxy.set({ kind: 'refuse' });
    await load(a, 'a', 300);
    await put(a, 'both', 'a');
    await a.client.delete('/v1/collections/c/changed-and-deleted');
    await a.client.delete('/v1/collections/c/gone');
    await load(b, 'b', 300);
    // Later than the other's, by its clock.
    await sleep(5);
    await put(b, 'both', 'b');
    await put(b, 'changed-and-deleted', 'b');
    expect(await runSkein(['verify', a.url, b.url, '--wait', '0'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nodes of a mesh'),
    });

    await broker?.start();
    for (const proxy of proxies) proxy.set({ kind: 'none' });
    await areEqual(a, b);
    expect(await runSkein(['verify', a.url, b.url, '--wait', '30'])).toMatchObject({ exitCode: 0 });
    for (const node of [a, b]) {
      const value = async (key: string): Promise<unknown> => (await node.client.get(`/v1/collections/c/${key}`)).json;
      expect(await value('both')).toBe('b');
      expect(await value('changed-and-deleted')).toBe('b');
      expect((await node.client.get('/v1/collections/c/gone')).status).toBe(404);
      const lost = await node.client.get(`/v1/collections/$conflicts/${encodeURIComponent('c/both')}`);
      expect(lost.json).toEqual({ lost: [{ node: 'a', ms: expect.any(Number), value: 'a' }] });
    }
  });
});

describe('skein mesh', () => {
  it('wants to know its name, and a directory that is of no other kind of node', async () => {
    const data = await cluster.directory();
    expect(await runSkein(['mesh', '--data', data])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--node-id'),
    });
    const leader = await cluster.leader({}, { data });
    await leader.stop();
    const refused = await runSkein(['mesh', '--node-id', 'a', '--data', data, '--port', '0']);
    expect(refused).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('needs one of its own') });
  });

  it('has options of its own, and none of those that concern followers', async () => {
    const { stdout } = await runSkein(['config', 'mesh', '--node-id', 'a', '--keep-conflicts', '--json']);
    const settings = JSON.parse(stdout) as Record<string, unknown>;
    expect(settings).toMatchObject({ 'max-clock-drift': { value: '5m' }, 'keep-conflicts': { value: 'true' } });
    expect(settings).not.toHaveProperty('min-replicas');
    const unknown = await runSkein(['mesh', '--node-id', 'a', '--min-replicas', '1']);
    expect(unknown.exitCode).toBe(2);
  });
});
