/*
 * What a node of a mesh tells through a broker, and what becomes of what it hears. Merging is the store's; who decides what is
 * merged is tested with whole nodes.
 */
import { mqttJsSessions, ReconnectingBroker, Seals, eventFromText, eventToText, type BrokerMessage } from '@skein/mqtt';
import { systemClock, type Store } from '@skein/core';
import { createMemoryLevel, ManualClock, MqttBroker, until } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { HandBroker, openMeshStore, startMeshEvents, TOPICS, type MeshEventsNode } from './mesh-kit.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(node: string, settings?: Parameters<typeof openMeshStore>[1]): Promise<Store> {
  const store = await openMeshStore(node, settings);
  closing.push(() => store.close());
  return store;
}

async function start(...settings: Parameters<typeof startMeshEvents>): Promise<MeshEventsNode> {
  const node = await startMeshEvents(...settings);
  closing.push(() => node.close());
  return node;
}

const valueAt = async (store: Store, collection: string, key: string): Promise<unknown> =>
  (await store.collection(collection).get(key))?.value;
const toldBy = (broker: HandBroker) =>
  broker.published.map(({ payload, properties }) => {
    const { key, seq, tombstone } = eventFromText(payload.toString());
    const { incarnation, over } = properties;
    return { key, seq, tombstone, incarnation, over: over !== undefined };
  });
const allTold = ({ events }: MeshEventsNode): Promise<unknown> =>
  until('all is told', () => events.outbox.current.pending === 0);

interface Said {
  readonly key?: string;
  readonly nodeId?: string;
  readonly seq?: number;
  readonly ms?: number;
  readonly value?: string | null;
  readonly incarnation?: string | undefined;
  readonly over?: string;
}
/** An event as some node tells it. */
function said({ key = 'c/k', nodeId = 'other', seq = 1, ms = 1, value = '1', ...rest }: Said = {}): BrokerMessage {
  const head = { key, nodeId, seq, timestampMs: ms };
  const event = value === null ? { ...head, tombstone: true as const } : { ...head, tombstone: false as const, value };
  const { incarnation = 'abc', over } = rest;
  const properties = { ...(incarnation === '' ? {} : { incarnation }), ...(over === undefined ? {} : { over }) };
  return { topic: TOPICS.events, payload: Buffer.from(eventToText(event)), properties };
}
const seen = ({ events }: MeshEventsNode): unknown => (events.describe() as { events: unknown }).events;

describe('a node of a mesh with a broker tells', () => {
  it('its own writes, numbered without gaps, with what they were written over, and nothing else', async () => {
    const clock = new ManualClock();
    const store = await open('n', { clock });
    const broker = new HandBroker();
    const node = await start(store, broker);
    await store.collection('c').put('k', 1);
    await store.definitions.put('d', { ttlSeconds: 10 });
    await store.merge([
      {
        collection: 'c',
        key: 'theirs',
        stamp: { ms: 5, node: 'o', incarnation: 'x', seq: 9 },
        over: null,
        valueText: '1',
      },
    ]);
    await store.collection('c').put('k', 2);
    await store.collection('c').delete('k');
    await store.collection('d').put('dies', 1);
    await store.indexed();
    clock.advance(11_000);
    await store.commit({ operations: [{ op: 'expire', collection: 'd', key: 'dies' }] });
    expect(await valueAt(store, 'd', 'dies')).toBeUndefined();
    await store.collection('c').put('theirs', 3);
    await allTold(node);
    const { incarnation } = store;
    expect(toldBy(broker)).toEqual([
      { key: 'c/k', seq: 1, tombstone: false, incarnation, over: false },
      { key: 'c/k', seq: 2, tombstone: false, incarnation, over: false },
      { key: 'c/k', seq: 3, tombstone: true, incarnation, over: false },
      { key: 'd/dies', seq: 4, tombstone: false, incarnation, over: false },
      { key: 'c/theirs', seq: 5, tombstone: false, incarnation, over: true },
    ]);
    expect(node.events.outbox.current).toMatchObject({ seq: 5, passedOver: 0 });
  });

  it('what an earlier life of it had not told, under the incarnation of that', async () => {
    const { level } = await createMemoryLevel();
    const first = await openMeshStore('n', { level });
    const silent = new HandBroker();
    silent.isConnected = false;
    const before = await startMeshEvents(first, silent);
    await first.collection('c').put('k', 1);
    await before.close();
    await first.close();
    const store = await open('n', { level });
    const broker = new HandBroker();
    const node = await start(store, broker);
    await store.collection('c').put('k', 2);
    await allTold(node);
    expect(store.incarnation).not.toBe(first.incarnation);
    expect(toldBy(broker)).toMatchObject([
      { seq: 1, incarnation: first.incarnation },
      { seq: 1, incarnation: store.incarnation },
    ]);
  });

  it('text of the plain collection under its key alone, and hears such keys as documents of it', async () => {
    const broker = new HandBroker();
    const store = await open('n');
    const node = await start(store, broker, { plainCollection: 'kv' });
    await store.collection('kv').put('user:1', 'a text');
    await allTold(node);
    expect(eventFromText(broker.published[0]!.payload.toString())).toMatchObject({ key: 'user:1', value: 'a text' });
    broker.bring(said({ key: 'user:2', value: 'theirs', incarnation: '' }));
    await until('it is there', async () => (await valueAt(store, 'kv', 'user:2')) === 'theirs');
  });
});

describe('a node of a mesh with a broker hears', () => {
  it('and counts what is none, is not sealed, is too large, or is no change of a mesh, and merges nothing of it', async () => {
    const broker = new HandBroker();
    const key = Buffer.alloc(32, 1);
    const seals = new Seals(key);
    const store = await open('n');
    const node = await start(store, broker, { seals });
    const sealed = ({ payload, properties, topic }: BrokerMessage): BrokerMessage =>
      seals.seal({ topic, payload, incarnation: properties['incarnation'] ?? '', over: properties['over'] });
    const raw = (payload: Buffer): BrokerMessage => sealed({ ...said(), payload });
    const genuine = sealed(said());
    broker.bring(
      said(),
      { ...genuine, properties: { ...genuine.properties, over: '1.other' } },
      raw(Buffer.from('***')),
      raw(Buffer.from('AAAA')),
      raw(Buffer.alloc(409_601, 'A')),
      sealed(said({ key: 'no-collection' })),
      sealed(said({ key: '$definitions/c' })),
      sealed(said({ nodeId: 'not a node' })),
      // A leader's.
      sealed(said({ incarnation: `${'a'.repeat(24)}.1-abcdefgh` })),
      sealed(said({ over: 'nonsense' })),
      sealed(said({ key: `c/${'k'.repeat(1023)}` })),
      sealed(said({ value: 'no json' })),
      genuine,
    );
    await until('the one that is an event is merged', async () => (await valueAt(store, 'c', 'k')) === 1);
    expect(seen(node)).toMatchObject({
      taken: 1,
      unsealed: 2,
      malformed: 1,
      schema: 8,
      size_limit: 1,
      own: 0,
      dropped: 0,
    });
    expect(store.facts.head.offset).toBe(1);
  });

  it('each change once, and takes no notice of its own, unless it has never told them', async () => {
    const broker = new HandBroker();
    const store = await open('n');
    const node = await start(store, broker);
    await store.collection('c').put('k', 'mine');
    await allTold(node);
    const own = broker.published[0]!;
    broker.bring(
      own,
      own,
      said({ seq: 7 }),
      said({ seq: 8, key: 'c/l' }),
      said({ seq: 7 }),
      said({ seq: 8, key: 'c/l' }),
    );
    broker.bring(said({ nodeId: 'n', incarnation: 'unknown' }));
    await until('merged', () => node.taken.flat().length === 3);
    expect(seen(node)).toMatchObject({ own: 2, taken: 3, duplicate: 2 });
    expect(node.taken.flat().map(({ stamp }) => `${stamp.node} ${stamp.seq}`)).toEqual(['other 7', 'other 8', 'n 1']);
  });

  it('and never passes over one without an incarnation, whose numbers may be used again', async () => {
    const broker = new HandBroker();
    const store = await open('n');
    const node = await start(store, broker);
    broker.bring(said({ incarnation: '', ms: 1, value: '1' }), said({ incarnation: '', ms: 2, value: '2' }));
    await until('the newer one is there', async () => (await valueAt(store, 'c', 'k')) === 2);
    expect(seen(node)).toMatchObject({ taken: 2, duplicate: 0 });
  });

  it('that numbers are missing, once they are late', async () => {
    const broker = new HandBroker();
    const clock = new ManualClock();
    const node = await start(await open('n'), broker, { clock });
    broker.bring(said({ seq: 1 }), said({ seq: 3 }), said({ seq: 2 }), said({ seq: 6 }));
    const gaps = (): unknown => (seen(node) as { gaps: number }).gaps;
    clock.advance(1000);
    expect(gaps()).toBe(0);
    await until('the gap is counted', async () => {
      clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
      return gaps() === 1;
    });
    expect(seen(node)).toMatchObject({ gaps: 1, missing: 2, taken: 4 });
  });

  it('more than it can keep, drops what is too much, and merges the rest when it can again', async () => {
    const broker = new HandBroker();
    const store = await open('n');
    let mayMerge = false;
    const merge = (changes: Parameters<Store['merge']>[0]): ReturnType<Store['merge']> =>
      mayMerge ? store.merge(changes) : Promise.reject(new Error('not now'));
    const node = await start(store, broker, { merge });
    for (let seq = 1; seq <= 10_003; seq++) broker.bring(said({ seq, ms: seq, value: String(seq) }));
    expect(seen(node)).toMatchObject({ waiting: 10_000, dropped: 3 });
    await until('it says so', () => node.events.verdict()?.includes('not now') === true);
    mayMerge = true;
    await until('the rest is merged', () => (seen(node) as { waiting: number }).waiting === 0);
    expect(await valueAt(store, 'c', 'k')).toBe(10_000);
    expect(node.events.verdict()).toBeNull();
  });
});

describe('nodes of a mesh at one broker', () => {
  it('tell of ten writes on one of three with ten messages', async () => {
    const server = await MqttBroker.start();
    closing.push(() => server.stop());
    let messages = 0;
    server.onPublished = () => messages++;
    const nodes: MeshEventsNode[] = [];
    for (const name of ['a', 'b', 'c']) {
      const broker = new ReconnectingBroker({
        open: mqttJsSessions({ url: server.url, clientId: name, packetBytesMax: 1_000_000 }),
        clock: systemClock,
        random: () => 0.5,
        backoff: { baseMs: 20, maxMs: 100 },
      });
      closing.push(() => broker.close());
      nodes.push(await start(await open(name), broker));
      broker.start();
      await until('it is connected', () => broker.isConnected);
    }
    const [a, b, c] = nodes.map(({ store }) => store) as [Store, Store, Store];
    for (let i = 1; i <= 10; i++) await a.collection('c').put('k', i);
    for (const store of [b, c]) await until('it is there', async () => (await valueAt(store, 'c', 'k')) === 10);
    await Promise.all(nodes.map(allTold));
    // What a node tells in answer would come before this.
    await b.collection('c').put('end', 1);
    for (const store of [a, c]) await until('it is there', async () => (await valueAt(store, 'c', 'end')) === 1);
    expect(messages).toBe(11);
  });
});
