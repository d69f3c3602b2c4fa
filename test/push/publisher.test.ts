import { Store, systemClock, type Level } from '@skein/core';
import {
  eventFromText,
  leaderIncarnation,
  leaderTellingOf,
  mqttJsSessions,
  Publisher,
  RefusedError,
  ReconnectingBroker,
  Seals,
  type Broker,
  type BrokerMessage,
  type ReplicationEvent,
} from '@skein/mqtt';
import { createMemoryLevel, DISK_FAILED, MqttBroker, until } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

const TOPIC = 'p/replication/events';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function openStore(level?: Level): Promise<Store> {
  const store = await Store.open({ level: level ?? (await createMemoryLevel()).level, role: 'leader', node: 'n' });
  closing.push(() => store.close());
  return store;
}

async function startPublisher(store: Store, broker: Broker, limit = 10_000): Promise<Publisher> {
  const publisher = new Publisher({
    store,
    clock: systemClock,
    random: () => 0.5,
    broker,
    seals: new Seals(null),
    topic: TOPIC,
    limit,
    backoff: { baseMs: 10, maxMs: 50 },
    tellingOf: (change) => leaderTellingOf(change, store.facts),
    incarnation: () => leaderIncarnation(store.facts),
  });
  await publisher.start();
  closing.push(() => publisher.stop());
  return publisher;
}

/** A broker in this test's hand. */
class HeldBroker implements Broker {
  isConnected = true;
  inFlightMax = 3;
  packetBytesMax = 1_000_000;
  readonly told: ReplicationEvent[] = [];
  /** What waits to be acknowledged. */
  readonly waiting: { readonly seq: number; readonly acknowledge: () => void; readonly refuse: () => void }[] = [];
  mayAcknowledge = false;
  /** Refuses this one so many times. */
  refusing = { seq: 0, times: 0 };
  readonly #watchers: ((isConnected: boolean) => void)[] = [];

  async publish({ payload }: BrokerMessage): Promise<void> {
    const event = eventFromText(payload.toString());
    this.told.push(event);
    if (event.seq === this.refusing.seq && this.refusing.times-- > 0) throw new RefusedError(151);
    if (this.mayAcknowledge) return;
    await new Promise<void>((resolve, reject) => {
      const refuse = (): void => reject(new Error('the broker refuses it, with reason 151'));
      this.waiting.push({ seq: event.seq, acknowledge: resolve, refuse });
    });
  }

  connect(isConnected: boolean): void {
    this.isConnected = isConnected;
    for (const one of this.waiting.splice(0)) one.refuse();
    for (const watcher of this.#watchers) watcher(isConnected);
  }

  subscribe(): () => void {
    return () => undefined;
  }

  watch(watcher: (isConnected: boolean) => void): () => void {
    this.#watchers.push(watcher);
    return () => undefined;
  }

  describe(): { connected: boolean; last_error: null; failures: number } {
    return { connected: this.isConnected, last_error: null, failures: 0 };
  }

  start(): void {}
  async close(): Promise<void> {}
}

const seqsOf = (events: readonly ReplicationEvent[]): readonly number[] => events.map(({ seq }) => seq);
const from = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('a publisher', () => {
  it('tells of every change, in the order of the log, with its offset as seq, and of nothing that is the system’s', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const publisher = await startPublisher(store, broker);
    await store.collection('c').put('a/b', { n: [1, 'ü'] });
    await store.definitions.put('c', { indexes: [] });
    await store.collection('c').delete('a/b');
    await until('all told', () => publisher.current.pending === 0 || undefined);
    const common = { key: 'c/a/b', nodeId: 'n', timestampMs: expect.any(Number) };
    expect(broker.told).toEqual([
      { ...common, seq: 1, tombstone: false, value: '{"n":[1,"ü"]}' },
      { ...common, seq: 3, tombstone: true },
    ]);
    expect(publisher.current).toMatchObject({ published: 2, seq: 3, passedOver: 0, lastError: null });
    expect(publisher.current.lastFlushMs).not.toBeNull();
  });

  it('has no more on its way than the broker takes, and what was refused goes again, in order', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    const publisher = await startPublisher(store, broker);
    for (let i = 1; i <= 5; i++) await store.collection('c').put(`k${i}`, i);
    await until('three on their way', () => broker.waiting.length === 3 || undefined);
    expect(seqsOf(broker.told)).toEqual([1, 2, 3]);
    broker.waiting[0]!.acknowledge();
    await until('the fourth', () => broker.told.length === 4 || undefined);
    broker.mayAcknowledge = true;
    for (const { refuse } of broker.waiting.splice(0)) refuse();
    await until('all told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([1, 2, 3, 4, 2, 3, 4, 5]);
    expect(publisher.current).toMatchObject({ published: 5, seq: 5 });
  });

  it('does not tell again and again of what is behind one that is refused', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.connect(false);
    const publisher = await startPublisher(store, broker);
    for (let i = 1; i <= 5; i++) await store.collection('c').put(`k${i}`, i);
    broker.mayAcknowledge = true;
    broker.refusing = { seq: 2, times: 3 };
    broker.connect(true);
    await until('all told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([1, 2, 3, 2, 2, 2, 3, 4, 5]);
    expect(publisher.current).toMatchObject({ seq: 5, lastError: null });
  });

  it('tells, when the broker is back, of all that was written meanwhile, in order, through a real one', async () => {
    const server = await MqttBroker.start();
    closing.push(() => server.stop());
    const told: number[] = [];
    server.onPublished = (_topic, payload) => told.push(eventFromText(payload.toString()).seq);
    const broker = new ReconnectingBroker({
      open: mqttJsSessions({ url: server.url, clientId: 'n', packetBytesMax: 100_000 }),
      clock: systemClock,
      random: () => 0.5,
      backoff: { baseMs: 20, maxMs: 100 },
    });
    broker.start();
    closing.push(() => broker.close());
    const store = await openStore();
    const publisher = await startPublisher(store, broker);
    await store.collection('c').put('k', 0);
    await until('the first is told', () => publisher.current.published === 1 || undefined);
    await server.stop();
    await until('it is noticed', () => !publisher.current.online || undefined);
    for (let i = 0; i < 5; i++)
      await store.load(from(1, 1000).map((n) => ({ op: 'put', collection: 'c', key: `k${n}`, valueText: String(i) })));
    expect(publisher.current).toMatchObject({ online: false, pending: 5000 });
    await server.start();
    await until('all told', () => publisher.current.pending === 0 || undefined);
    expect(told).toEqual(from(1, 5001));
    expect(publisher.current).toMatchObject({ online: true, published: 5001, passedOver: 0, seq: 5001 });
  });

  it('passes over the oldest where there are too many, and says how many', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.connect(false);
    const publisher = await startPublisher(store, broker, 10);
    const seen: number[] = [];
    publisher.subscribe(({ passedOver }) => seen.push(passedOver));
    for (let i = 1; i <= 25; i++) await store.collection('c').put('k', i);
    await until('passed over', () => publisher.current.passedOver === 15 || undefined);
    expect(publisher.current).toMatchObject({ online: false, pending: 10 });
    expect(seen.at(-1)).toBe(15);
    broker.mayAcknowledge = true;
    broker.connect(true);
    await until('the rest is told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual(from(16, 25));
  });

  it('passes over what the log has let go meanwhile', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.connect(false);
    const publisher = await startPublisher(store, broker);
    for (let i = 1; i <= 9; i++) await store.collection('c').put('k', i);
    await store.trim(6);
    broker.mayAcknowledge = true;
    broker.connect(true);
    await until('the rest is told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual(from(6, 9));
    expect(publisher.current.passedOver).toBe(5);
  });

  it('has no more bytes on their way than it may, whatever the broker takes', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.inFlightMax = 100;
    const publisher = await startPublisher(store, broker);
    for (let i = 1; i <= 15; i++) await store.collection('c').put(`k${i}`, 'x'.repeat(300_000));
    await until('ten on their way', () => broker.waiting.length === 10 || undefined);
    broker.waiting[0]!.acknowledge();
    await until('the eleventh', () => broker.told.length > 10 || undefined);
    expect(broker.told).toHaveLength(11);
    broker.mayAcknowledge = true;
    for (const { acknowledge } of broker.waiting.splice(0)) acknowledge();
    await until('all told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual(from(1, 15));
  });

  it('leaves out what is too large for an event or for the broker, counts it, and goes on', async () => {
    const store = await openStore();
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const publisher = await startPublisher(store, broker);
    await store.collection('c').put('large', 'x'.repeat(400_000));
    await store.collection('c').put('k', 1);
    await until('all told', () => publisher.current.pending === 0 || undefined);
    broker.packetBytesMax = 4000;
    await store.collection('c').put('large', 'x'.repeat(4000));
    await store.collection('c').put('k', 2);
    await until('all told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([2, 4]);
    expect(publisher.current.leftOut).toBe(2);
  });

  it('goes on where it was when the store is opened again, and a crash has changes told twice, never lost', async () => {
    const { level } = await createMemoryLevel();
    const store = await openStore(level);
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const publisher = await startPublisher(store, broker);
    await store.collection('c').put('k', 1);
    await until('told', () => publisher.current.pending === 0 || undefined);
    broker.connect(false);
    await store.collection('c').put('k', 2);
    await publisher.stop();
    await store.close();

    // Nothing was noted since the start, which is what a crash leaves behind.
    const again = await openStore(level);
    broker.connect(true);
    const next = await startPublisher(again, broker);
    await again.collection('c').put('k', 3);
    await until('told', () => next.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([1, 1, 2, 3]);
  });

  it('begins, where it is new, with what is written from then on', async () => {
    const store = await openStore();
    await store.collection('c').put('k', 1);
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const publisher = await startPublisher(store, broker);
    await store.collection('c').put('k', 2);
    await until('told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([2]);
  });

  it('does not begin, and keeps its note, when it cannot read where it was', async () => {
    const { level } = await createMemoryLevel();
    const store = await openStore(level);
    await store.saveNote('outbox', 'of another time');
    const note = store.note.bind(store);
    Object.assign(store, { note: () => Promise.reject(DISK_FAILED) });
    await expect(startPublisher(store, new HeldBroker())).rejects.toThrow(DISK_FAILED);
    Object.assign(store, { note });
    expect(await store.note('outbox')).toBe('of another time');
    await store.collection('c').put('k', 1);
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const publisher = await startPublisher(store, broker);
    await until('told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([1]);
  });

  it('keeps its cursor in memory when it cannot be stored, says so, and the store is poisoned as by any write', async () => {
    const { level } = await createMemoryLevel();
    const store = await openStore(level);
    const broker = new HeldBroker();
    broker.mayAcknowledge = true;
    const batch = level.batch.bind(level) as () => ReturnType<Level['batch']>;
    Object.assign(level, { batch: () => Object.assign(batch(), { write: () => Promise.reject(DISK_FAILED) }) });
    const publisher = await startPublisher(store, broker);
    expect(store.failures).toBe(1);
    expect(publisher.current).toMatchObject({ isCursorInMemory: true, pending: 0 });
    Object.assign(level, { batch });
    await until('the store is back', () => store.state === 'ready' || undefined);
    await store.collection('c').put('k', 1);
    await until('told', () => publisher.current.pending === 0 || undefined);
    expect(seqsOf(broker.told)).toEqual([1]);
  });
});
