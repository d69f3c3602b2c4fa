/*
 * Whole nodes of a mesh in this process, with a broker in this process too. Where a test is about the broker, nodes have no
 * other way to each other; where it is about what a broker loses, they have.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@skein/core';
import { eventToText, mqttJsSessions, ReconnectingBroker, type ReplicationEvent } from '@skein/mqtt';
import { topicsOf } from '@skein/protocol';
import { ChaosProxy, Client, freePort, MqttBroker, until, type Answer } from '@skein/testing';
import { startFollower, startLeader, startMesh, verifyNodes, type MeshConfig, type RunningNode } from 'skein';
import { afterEach, describe, expect, it } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'skein-mesh-'));
  closing.push(() => rm(path, { recursive: true }));
  return path;
}

async function startBroker(): Promise<MqttBroker> {
  const broker = await MqttBroker.start();
  closing.push(() => broker.stop());
  return broker;
}

type MeshNode = RunningNode & { readonly client: Client };

/** A test waits for nobody. */
const SOON = { backoffBaseMs: 20, backoffMaxMs: 100, circuitOpenMs: 100, compareEveryMs: 100 };

async function start(nodeId: string, config: Partial<MeshConfig> = {}): Promise<MeshNode> {
  const node = await startMesh({ data: await directory(), port: 0, nodeId, ...SOON, ...config });
  closing.push(() => node.close());
  const client = new Client(node.url);
  closing.push(() => client.close());
  if (config.mqtt !== undefined) await until('at the broker', () => node.outboxStatus?.current?.online === true);
  return Object.assign(node, { client });
}

/** Nodes that know each other over HTTP too. */
async function startPeers(names: readonly string[], config: Partial<MeshConfig> = {}): Promise<readonly MeshNode[]> {
  const places = await Promise.all(names.map(async (name) => ({ name, port: await freePort() })));
  return Promise.all(
    places.map(({ name, port }) => {
      const peers = places.filter((place) => place.name !== name).map((place) => `http://127.0.0.1:${place.port}`);
      return start(name, { port, peers, ...config });
    }),
  );
}

const pathOf = (document: string): string => `/v1/collections/${document}`;
const valueAt = async ({ client }: MeshNode, document: string): Promise<unknown> => {
  const { status, json } = await client.get(pathOf(document));
  return status === 200 ? (json as unknown) : undefined;
};
const becomes = (node: MeshNode, document: string, value: unknown): Promise<unknown> =>
  until(`${document} is ${JSON.stringify(value)}`, async () => (await valueAt(node, document)) === value);
const post = ({ client }: MeshNode, path: string, body: unknown): Promise<Answer> =>
  client.request('POST', pathOf(path), { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const statusOf = async ({ client }: MeshNode): Promise<any> => (await client.get('/v1/status')).json;
/** The documents of the collection that tests write to, without versions: each log has its own. */
const contentOf = async ({ client }: MeshNode): Promise<string> => {
  const { lines } = await client.get('/v1/collections/c', { accept: 'application/x-ndjson' });
  return JSON.stringify((lines as { key: string; value: unknown }[]).map(({ key, value }) => [key, value]));
};
const areEqual = (a: MeshNode, b: MeshNode): Promise<unknown> =>
  until('they have the same', async () => (await contentOf(a)) === (await contentOf(b)));
const writes = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    op: 'put' as const,
    collection: 'c',
    key: `k-${i}`,
    valueText: String(i),
  }));

describe('two nodes at a broker', () => {
  it('have what the other writes, whatever kind of write it is', async () => {
    const mqtt = { url: (await startBroker()).url };
    const [a, b] = [await start('a', { mqtt }), await start('b', { mqtt })];
    await a.client.put(pathOf('c/k'), 'set');
    await becomes(b, 'c/k', 'set');
    await post(b, 'n/count/increment', { by: 5 });
    await becomes(a, 'n/count', 5);
    await post(a, 'n/count/decrement', { by: 2 });
    await becomes(b, 'n/count', 3);
    await post(b, 't/text/append', { text: 'b' });
    await becomes(a, 't/text', 'b');
    await post(a, 't/text/prepend', { text: 'a' });
    await becomes(b, 't/text', 'ab');
    await a.client.delete(pathOf('c/k'));
    await becomes(b, 'c/k', undefined);
    const verified = await verifyNodes(a.url, b.url);
    expect(verified).toMatchObject({ apart: 'mesh', count: 0, open: 0 });
    expect((await statusOf(b)).mesh.merged.broker.taken).toBe(4);
    expect(await statusOf(b)).toMatchObject({ role: 'mesh', events: { taken: 4, duplicate: 0, schema: 0 } });
  });

  it('refuse what no event has room for, also without a broker', async () => {
    const mqtt = { url: (await startBroker()).url };
    const [a, alone] = [await start('a', { mqtt }), await start('alone')];
    // What is in an event beside the value is between 50 and 100 bytes.
    const large = 'x'.repeat(307_200 - 50);
    const largest = 'x'.repeat(307_200 - 100);
    expect((await a.client.put(pathOf('c/fits'), largest)).status).toBe(201);
    expect((await a.client.put(pathOf('c/k'), large)).status).toBe(413);
    expect((await post(a, 'c/fits/append', { text: 'y'.repeat(200) })).status).toBe(413);
    expect((await alone.client.put(pathOf('c/k'), large)).status).toBe(413);
    await until('it is told', () => a.outboxStatus!.current?.pending === 0);
    expect(a.outboxStatus!.current).toMatchObject({ leftOut: 0, published: 1 });
  });

  it('do not merge what was made too far ahead of their clocks, and say whose that was', async () => {
    const broker = await startBroker();
    const a = await start('a', { mqtt: { url: broker.url } });
    const device = new ReconnectingBroker({
      open: mqttJsSessions({ url: broker.url, clientId: 'device', packetBytesMax: 1_000_000 }),
      clock: systemClock,
      random: () => 0.5,
      backoff: { baseMs: 20, maxMs: 100 },
    });
    device.start();
    closing.push(() => device.close());
    await until('it is connected', () => device.isConnected);
    await a.client.put(pathOf('c/known'), 'mine');
    const tell = async (event: Partial<ReplicationEvent>, ms: number): Promise<void> => {
      const payload = {
        key: 'c/k',
        nodeId: 'device',
        seq: 1,
        timestampMs: ms,
        tombstone: false,
        value: '"theirs"',
        ...event,
      };
      const text = Buffer.from(eventToText(payload as ReplicationEvent));
      await device.publish({ topic: topicsOf('skein').events, payload: text, properties: { incarnation: 'abc' } }, 1);
    };
    const twoHours = 2 * 3_600_000;
    await tell({ key: 'c/ahead', seq: 1 }, systemClock.wall() + twoHours);
    // A clock that is behind only loses to what is newer.
    await tell({ key: 'c/known', seq: 2 }, systemClock.wall() - twoHours);
    await tell({ key: 'c/new', seq: 3 }, systemClock.wall() - twoHours);
    await becomes(a, 'c/new', 'theirs');
    expect(await valueAt(a, 'c/ahead')).toBeUndefined();
    expect(await valueAt(a, 'c/known')).toBe('mine');
    expect((await statusOf(a)).mesh.quarantined).toMatchObject({ count: 1, last: { node: 'device' } });
    expect(a.health()).toMatchObject({ healthy: false, error: expect.stringContaining('device') });
  });
});

/** Changes of others that each has heard; each of the others writes four at a time. */
const MET_OFTEN = 1000;

describe('nodes that write to one key at once', () => {
  it('have the same there afterwards, all four of them', async () => {
    const mqtt = { url: (await startBroker()).url };
    const names = ['a', 'b', 'c', 'd'];
    const nodes = await Promise.all(names.map((name) => start(name, { mqtt })));
    const ending = new AbortController();
    const written = nodes.map(async (node, n) => {
      const puts = (from: number) => [0, 1, 2, 3].map((i) => node.collection('c').put('k', `${names[n]} ${from + i}`));
      let count = 0;
      for (; !ending.signal.aborted; count += 4) await Promise.all(puts(count));
      return count;
    });
    // All of them have heard much of all others, while they wrote themselves.
    await until('they have met often', async () => {
      const all = await Promise.all(nodes.map(statusOf));
      return all.every(({ events }) => events.taken >= MET_OFTEN);
    });
    ending.abort();
    const counts = await Promise.all(written);
    const sum = counts.reduce((all, count) => all + count);
    const held = (): Promise<readonly unknown[]> => Promise.all(nodes.map((node) => valueAt(node, 'c/k')));
    await until('all have heard all', async () => {
      const all = await Promise.all(nodes.map(statusOf));
      return all.every(({ events }, n) => events.taken === sum - counts[n]! && events.waiting === 0);
    });
    await until('the same', async () => new Set(await held()).size === 1);
    expect(names.map((name, n) => `${name} ${counts[n]! - 1}`)).toContain((await held())[0]);
    // They had written without having seen all of the others.
    const conflicts = await Promise.all(nodes.map(async (node) => (await statusOf(node)).mesh.conflicts));
    expect(Math.max(...conflicts)).toBeGreaterThan(0);
  });
});

describe('when the broker', () => {
  it('is gone for a while, what was written meanwhile is told when it is back, each change once', async () => {
    const broker = await startBroker();
    const [a, b] = (await startPeers(['a', 'b'], { mqtt: { url: broker.url } })) as [MeshNode, MeshNode];
    await broker.stop();
    await until('it is noticed', () => a.outboxStatus!.current?.online === false);
    for (let i = 0; i < 5; i++) await a.store.load(writes(1000));
    expect(a.outboxStatus!.current?.pending).toBeGreaterThanOrEqual(5000);
    await areEqual(a, b);
    let told = 0;
    broker.onPublished = () => told++;
    await broker.start();
    await until('all is told', () => [a, b].every((node) => node.outboxStatus!.current?.pending === 0), {
      timeoutMs: 60_000,
    });
    expect(told).toBe(5000);
    expect(a.outboxStatus!.current).toMatchObject({ passedOver: 0, published: 5000, seq: 5000 });
  }, 90_000);

  it('is restarted under load, nothing is lost where nodes know each other over HTTP too', async () => {
    const broker = await startBroker();
    const [a, b] = (await startPeers(['a', 'b'], { mqtt: { url: broker.url } })) as [MeshNode, MeshNode];
    const ending = new AbortController();
    const load = [a, b].map(async (node, n) => {
      for (let i = 0; !ending.signal.aborted; i++) await node.collection('c').put(`${n} ${i % 100}`, i);
    });
    for (let i = 0; i < 3; i++) {
      await until('both are connected', () => [a, b].every((node) => node.outboxStatus!.current?.online === true));
      await broker.stop();
      await until('it is noticed', () => [a, b].every((node) => node.outboxStatus!.current?.online === false));
      await broker.start();
    }
    ending.abort();
    await Promise.all(load);
    await areEqual(a, b);
    expect((await b.store.collections()).find(({ name }) => name === 'c')).toEqual(
      (await a.store.collections()).find(({ name }) => name === 'c'),
    );
  });

  it('was away for more than the outbox holds, that is counted, and had over HTTP', async () => {
    const broker = await startBroker();
    const mqtt = { url: broker.url, outboxLimit: 100 };
    const a = await start('a', { mqtt });
    const proxy = await ChaosProxy.to(a.url);
    closing.push(() => proxy.close());
    const b = await start('b', { mqtt, peers: [proxy.url] });
    proxy.set({ kind: 'refuse' });
    await broker.stop();
    await until('it is noticed', () => a.outboxStatus!.current?.online === false);
    await a.store.load(writes(500));
    await until('passed over', () => a.outboxStatus!.current?.passedOver === 400);
    await broker.start();
    await until('the rest is told', () => a.outboxStatus!.current?.pending === 0);
    expect(a.outboxStatus!.current).toMatchObject({ published: 100, passedOver: 400 });
    expect((await a.client.get('/metrics')).text).toContain('skein_replication_sequence_gaps_total 1\n');
    proxy.set({ kind: 'none' });
    await areEqual(a, b);
    expect(await valueAt(b, 'c/k-0')).toBe(0);
  });
});

describe('the directory of a node', () => {
  it('is of a mesh or is not, for good', async () => {
    const [ofMesh, ofLeader] = [await directory(), await directory()];
    await (await startMesh({ data: ofMesh, port: 0, nodeId: 'a' })).close();
    await (await startLeader({ data: ofLeader, port: 0, nodeId: 'a' })).close();
    const refusal = { reason: 'configuration', message: expect.stringContaining('one of its own') };
    await expect(startMesh({ data: ofLeader, port: 0, nodeId: 'a' })).rejects.toMatchObject(refusal);
    await expect(startLeader({ data: ofMesh, port: 0, nodeId: 'a' })).rejects.toMatchObject(refusal);
    const peers = ['http://127.0.0.1:9'];
    await expect(startLeader({ data: ofMesh, port: 0, nodeId: 'a', peers })).rejects.toMatchObject(refusal);
    const leader = 'http://127.0.0.1:9';
    await expect(startFollower({ data: ofMesh, port: 0, leader })).rejects.toMatchObject(refusal);
  });
});
