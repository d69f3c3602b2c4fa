import { systemClock } from '@skein/core';
import { mqttJsSessions, ReconnectingBroker, type BrokerMessage, type MqttOptions } from '@skein/mqtt';
import { MqttBroker, until } from '@skein/testing';
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
