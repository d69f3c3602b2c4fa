import { systemClock } from '@skein/core';
import {
  mqttJsSessions,
  ReconnectingBroker,
  type BrokerMessage,
  type BrokerSession,
  type MqttOptions,
  type OpenSession,
  type SessionEvents,
} from '@skein/mqtt';
import { ManualClock, MqttBroker, until } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function startServer(): Promise<MqttBroker> {
  const server = await MqttBroker.start();
  closing.push(() => server.stop());
  return server;
}

function connectTo(server: MqttBroker, clientId: string, options: Partial<MqttOptions> = {}): ReconnectingBroker {
  const open = mqttJsSessions({ url: server.url, clientId, packetBytesMax: 100_000, ...options });
  const broker = new ReconnectingBroker({
    open,
    clock: systemClock,
    random: () => 0.5,
    backoff: { baseMs: 20, maxMs: 200 },
  });
  broker.start();
  closing.push(() => broker.close());
  return broker;
}

const connected = (broker: ReconnectingBroker): Promise<void> =>
  until('connected', () => broker.isConnected || undefined).then(() => undefined);

const message = (topic: string, text: string): BrokerMessage => ({
  topic,
  payload: Buffer.from(text),
  properties: { incarnation: 'a.1', hmac: 'ff' },
});

describe('a connection to a broker', () => {
  it('carries payloads and user properties, to those who have subscribed to the topic, before and since', async () => {
    const server = await startServer();
    const [sender, receiver] = [connectTo(server, 'sender'), connectTo(server, 'receiver')];
    const found: BrokerMessage[] = [];
    receiver.subscribe('p/early', (told) => found.push(told));
    await Promise.all([connected(sender), connected(receiver)]);
    receiver.subscribe('p/late', (told) => found.push(told));
    await until('a message on each topic', async () => {
      found.length = 0;
      for (const topic of ['p/early', 'p/late', 'p/other']) await sender.publish(message(topic, topic), 1);
      return found.length === 2 || undefined;
    });
    expect(found).toEqual([message('p/early', 'p/early'), message('p/late', 'p/late')]);
    expect(sender.inFlightMax).toBe(20);
  });

  it('comes back after the broker was gone, subscribes again, and has kept nothing meanwhile', async () => {
    const server = await startServer();
    const [sender, receiver] = [connectTo(server, 'sender'), connectTo(server, 'receiver')];
    const found: string[] = [];
    const changes: boolean[] = [];
    sender.watch((isConnected) => changes.push(isConnected));
    receiver.subscribe('t', ({ payload }) => found.push(payload.toString()));
    await Promise.all([connected(sender), connected(receiver)]);
    await server.stop();
    await until('both have noticed', () => (!sender.isConnected && !receiver.isConnected) || undefined);
    await expect(sender.publish(message('t', 'lost'), 1)).rejects.toThrow('not connected');
    await expect(sender.publish(message('t', 'lost'), 0)).rejects.toThrow('not connected');
    await server.start();
    await Promise.all([connected(sender), connected(receiver)]);
    await sender.publish(message('t', 'new'), 1);
    await until('the message', () => found.length > 0 || undefined);
    expect(found).toEqual(['new']);
    expect(changes).toEqual([true, false, true]);
    expect(sender.describe().failures).toBeGreaterThan(0);
  });

  it('tells who waits for an acknowledgement that there will be none', async () => {
    const server = await startServer();
    const broker = connectTo(server, 'sender');
    await connected(broker);
    const sent = Array.from({ length: 10 }, () => broker.publish(message('t', 'x'), 1));
    const settled = Promise.allSettled(sent);
    await server.stop();
    const outcomes = await settled;
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });

  it('does not come about where nobody listens, and says why', async () => {
    const server = await startServer();
    await server.stop();
    const broker = connectTo(server, 'sender');
    await until('two failures', () => broker.describe().failures >= 2 || undefined);
    expect(broker.describe()).toMatchObject({ connected: false, last_error: expect.stringContaining('ECONNREFUSED') });
  });

  it('takes nothing that is larger than it is told to take', async () => {
    const server = await startServer();
    const [sender, receiver] = [connectTo(server, 'sender'), connectTo(server, 'receiver', { packetBytesMax: 2000 })];
    const found: number[] = [];
    receiver.subscribe('t', ({ payload }) => found.push(payload.length));
    await Promise.all([connected(sender), connected(receiver)]);
    await sender.publish(message('t', 'x'.repeat(5000)), 1);
    await until('the receiver has hung up', () => receiver.describe().failures > 0 || undefined);
    expect(receiver.describe().last_error).toContain('maximumPacketSize');
    expect(found).toEqual([]);
  });
});

/** A session whose broker answers nothing that it is asked. */
class SilentSession implements BrokerSession {
  readonly inFlightMax = 10;
  readonly packetBytesMax = 1000;
  readonly #events: SessionEvents;
  readonly #waiting: ((error: Error) => void)[] = [];
  isEnded = false;
  isSilent = true;

  constructor(events: SessionEvents) {
    this.#events = events;
  }

  publish(): Promise<void> {
    return this.#answer();
  }

  subscribe(): Promise<void> {
    return this.#answer();
  }

  async end(): Promise<void> {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const reject of this.#waiting) reject(new Error('ended'));
    this.#events.onEnded('ended');
  }

  #answer(): Promise<void> {
    return this.isSilent ? new Promise((_, reject) => this.#waiting.push(reject)) : Promise.resolve();
  }
}

describe('a broker that lets a node in and then says nothing', () => {
  function open(): { clock: ManualClock; sessions: SilentSession[]; broker: ReconnectingBroker } {
    const clock = new ManualClock();
    const sessions: SilentSession[] = [];
    const openSession: OpenSession = async (events) => {
      sessions.push(new SilentSession(events));
      return sessions.at(-1)!;
    };
    const policy = { random: () => 0.5, backoff: { baseMs: 20, maxMs: 200 } };
    return { clock, sessions, broker: new ReconnectingBroker({ open: openSession, clock, ...policy }) };
  }

  it('does not keep the node from stopping', async () => {
    const { clock, sessions, broker } = open();
    broker.subscribe('t', () => undefined);
    broker.start();
    await clock.untilAsleep();
    await broker.close();
    expect(sessions[0]!.isEnded).toBe(true);
  });

  it('is left after a while, and tried again', async () => {
    const { clock, sessions, broker } = open();
    broker.subscribe('t', () => undefined);
    broker.start();
    await clock.untilAsleep();
    clock.advance(10_000);
    await until('it is said', () => broker.describe().failures === 1 || undefined);
    expect(broker.describe().last_error).toBe('the broker has not agreed in time to subscribe to t');
    expect(sessions[0]!.isEnded).toBe(true);
    await clock.untilAsleep();
    clock.advance(200);
    await until('another session', () => sessions.length === 2 || undefined);
    await broker.close();
  });

  it('is left when it does not acknowledge what it was given longest ago', async () => {
    const { clock, sessions, broker } = open();
    broker.start();
    await connected(broker);
    clock.advance(1000);
    const lost = broker.publish(message('t', 'lost'), 1);
    sessions[0]!.isSilent = false;
    for (let second = 1; second < 30; second++) {
      await clock.untilAsleep();
      clock.advance(1000);
      await broker.publish(message('t', 'another'), 1);
    }
    expect(broker.isConnected).toBe(true);
    await clock.untilAsleep();
    clock.advance(1000);
    await expect(lost).rejects.toThrow('ended');
    await until('it is said', () => broker.describe().failures === 1 || undefined);
    expect(broker.describe().last_error).toBe('the broker does not acknowledge what it was given');
    await broker.close();
  });
});
