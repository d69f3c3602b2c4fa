import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MqttBroker, until } from '@skein/testing';
import { startFollower, startLeader, type MqttConfig, type OutboxStatus } from 'skein';
import { afterEach, describe, expect, it } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'skein-push-'));
  closing.push(() => rm(path, { recursive: true }));
  return path;
}

describe('a node in this process', () => {
  it('shows how far its outbox is, as long as it leads, and says when that changes', async () => {
    const broker = await MqttBroker.start();
    closing.push(() => broker.stop());
    const mqtt = { url: broker.url };
    const leader = await startLeader({ data: await directory(), port: 0, nodeId: 'lead', mqtt });
    closing.push(() => leader.close());
    const seen: (OutboxStatus | null)[] = [];
    const stop = leader.outboxStatus!.subscribe((status) => seen.push(status));
    await leader.collection('c').put('k', 1);
    await until('it is told', () => seen.some((status) => status?.published === 1 && status.pending === 0));
    expect(leader.outboxStatus!.current).toMatchObject({ online: true, pending: 0, seq: 1, passedOver: 0 });
    stop();
    const count = seen.length;
    await leader.collection('c').put('k', 2);
    await until('it is told', () => leader.outboxStatus!.current?.seq === 2);
    expect(seen).toHaveLength(count);

    const follower = await startFollower({ leader: leader.url, data: await directory(), port: 0, nodeId: 'f', mqtt });
    closing.push(() => follower.close());
    expect(follower.outboxStatus!.current).toBeNull();
  });

  it('has none without a broker', async () => {
    const leader = await startLeader({ data: await directory(), port: 0 });
    closing.push(() => leader.close());
    expect(leader.outboxStatus).toBeNull();
  });

  it.each<[string, MqttConfig]>([
    ['must be the address of a broker', { url: 'http://127.0.0.1:1883' }],
    ['without a name or password', { url: 'mqtt://name:password@127.0.0.1:1883' }],
    ['must not hold wildcards', { url: 'mqtt://127.0.0.1:1883', prefix: 'a/#' }],
    ['32 bytes', { url: 'mqtt://127.0.0.1:1883', hmacKey: Buffer.from('short') }],
    ['go together', { url: 'mqtts://127.0.0.1:8883', cert: Buffer.from('a certificate') }],
    ['are for mqtts', { url: 'mqtt://127.0.0.1:1883', ca: Buffer.from('a certificate') }],
    ['whole number', { url: 'mqtt://127.0.0.1:1883', outboxLimit: Number.NaN }],
  ])('is not started, and nothing is opened, with a broker that it cannot use: %s', async (why, mqtt) => {
    const data = await directory();
    await expect(startLeader({ data, port: 0, mqtt })).rejects.toThrow(why);
    expect(await readdir(data)).toEqual([]);
  });
});
