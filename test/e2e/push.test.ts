/*
 * A leader and its follower with a broker beside the feed: in this process, and a real one where there is one. That the
 * follower had something from the broker is told by a poll interval longer than the test.
 */
import { pbkdf2Sync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@skein/core';
import {
  eventFromText,
  mqttJsSessions,
  ReconnectingBroker,
  type BrokerMessage,
  type ReplicationEvent,
} from '@skein/mqtt';
import { readRecord, RECORD_HEADER_BYTES, topicsOf } from '@skein/protocol';
import {
  Cluster,
  findMosquitto,
  forgedNext,
  Mosquitto,
  MqttBroker,
  readDocuments,
  runSkein,
  startMembers,
  until,
  type NodeProcess,
} from '@skein/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

const mosquitto = await findMosquitto();
if (mosquitto === undefined) console.warn('mosquitto is not installed: nothing is tested against a broker of its own');

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

// Most of these start several processes, one after the other.
vi.setConfig({ testTimeout: 90_000 });

const TOPICS = topicsOf('skein');
/** Nothing that comes within a test was polled for. */
const SELDOM = { 'poll-interval': '10m', 'max-lag': '1h' } as const;
/** A test waits for nobody. */
const SOON = { 'backoff-base': '50ms', 'backoff-max': '200ms' } as const;

async function startBroker(): Promise<MqttBroker> {
  const broker = await MqttBroker.start();
  cluster.atEnd(() => broker.stop());
  return broker;
}

/** Somebody else at the broker. */
async function visit(url: string, clientId: string): Promise<ReconnectingBroker> {
  const visitor = new ReconnectingBroker({
    open: mqttJsSessions({ url, clientId, packetBytesMax: 5_000_000 }),
    clock: systemClock,
    random: Math.random,
    backoff: { baseMs: 20, maxMs: 100 },
  });
  visitor.start();
  cluster.atEnd(() => visitor.close());
  await until('connected', () => visitor.isConnected);
  return visitor;
}

/** All that is said on a topic from now on. */
async function listen(url: string, topic: string): Promise<BrokerMessage[]> {
  const heard: BrokerMessage[] = [];
  const [listener, speaker] = await Promise.all([visit(url, 'listener'), visit(url, 'speaker')]);
  let isSubscribed = false;
  listener.subscribe(topic, (message) => {
    if (message.payload.toString() === 'probe') isSubscribed = true;
    else heard.push(message);
  });
  await until('it is subscribed', async () => {
    await speaker.publish({ topic, payload: Buffer.from('probe'), properties: {} }, 1);
    return isSubscribed;
  });
  await speaker.close();
  return heard;
}

const put = (node: NodeProcess, key: string, value: unknown) =>
  node.client.put(`/v1/collections/c/${encodeURIComponent(key)}`, value);
const eventsOf = (messages: readonly BrokerMessage[]): readonly ReplicationEvent[] =>
  messages.map(({ payload }) => eventFromText(payload.toString()));

interface PushStatus {
  readonly broker: { readonly connected: boolean };
  readonly outbox: Readonly<Record<string, unknown>>;
  readonly pushed: Readonly<Record<'taken' | 'not_next' | 'refused', number>>;
}
const status = async (node: NodeProcess): Promise<PushStatus> => node.status();
const online = (node: NodeProcess): Promise<unknown> =>
  until('connected to the broker', async () => (await status(node)).broker.connected);

/** A leader with one change, and a follower that has it and will not ask again for a long while. */
async function startPair(url: string): Promise<{ leader: NodeProcess; follower: NodeProcess }> {
  const mqtt = { 'mqtt-url': url, ...SOON };
  const leader = await cluster.leader({ ...mqtt, 'node-id': 'lead' });
  await put(leader, 'k-0', 0);
  const follower = await cluster.follower(leader, { ...SELDOM, ...mqtt, 'node-id': 'follow' });
  await follower.caughtUpWith(leader);
  await Promise.all([online(leader), online(follower)]);
  return { leader, follower };
}
const has = (node: NodeProcess, key: string): Promise<unknown> =>
  until(`${key} is there`, async () => (await node.client.get(`/v1/collections/c/${key}`)).status === 200);

describe('a follower with a broker', () => {
  it('has what is written from the broker, and goes on by asking when that is gone', async () => {
    const broker = await startBroker();
    const { leader, follower } = await startPair(broker.url);
    for (let i = 1; i <= 5; i++) {
      await put(leader, `k-${i}`, i);
      await has(follower, `k-${i}`);
    }
    expect((await status(follower)).pushed).toMatchObject({ taken: 5, refused: 0 });

    await broker.stop();
    await put(leader, 'k-6', 6);
    await follower.restart({ 'poll-interval': '100ms' });
    await has(follower, 'k-6');
    expect(await status(follower)).toMatchObject({ broker: { connected: false }, pushed: { taken: 0 } });
  });

  it('asks the leader when it hears that something is missing', async () => {
    const broker = await startBroker();
    const { leader, follower } = await startPair(broker.url);
    await broker.stop();
    await put(leader, 'missed', 1);
    await broker.start();
    await Promise.all([online(leader), online(follower)]);
    await put(leader, 'heard', 2);
    await has(follower, 'missed');
    await has(follower, 'heard');
    expect((await status(follower)).pushed.not_next).toBeGreaterThan(0);
  });

  it('is not impressed by what is forged, late, altered, of another log or epoch, too large, or no record', async () => {
    const broker = await startBroker();
    const heard = await listen(broker.url, TOPICS.log);
    const { leader, follower } = await startPair(broker.url);
    await put(leader, 'k-1', 1);
    await has(follower, 'k-1');
    const genuine = heard.at(-1)!;
    const { incarnation, signature } = genuine.properties as { incarnation: string; signature: string };
    const { topic } = genuine;
    const like = (payload: Buffer, of = incarnation): BrokerMessage => ({
      topic,
      payload,
      properties: { incarnation: of, signature },
    });
    const next = forgedNext(readRecord(genuine.payload), 'forged');
    const altered = Buffer.from(genuine.payload);
    altered.writeUInt8(altered.readUInt8(RECORD_HEADER_BYTES + 2) ^ 1, RECORD_HEADER_BYTES + 2);
    const [log, epoch] = incarnation.split('.') as [string, string];

    const visitor = await visit(broker.url, 'forger');
    const forged: readonly BrokerMessage[] = [
      like(next),
      { ...like(next), properties: { incarnation } },
      like(altered),
      like(genuine.payload, `${'0'.repeat(24)}.${epoch}`),
      like(genuine.payload, `${log}.9-zzzzzzzz`),
      like(genuine.payload, ''),
      like(genuine.payload.subarray(0, -1)),
      like(Buffer.concat([genuine.payload, next])),
      like(Buffer.alloc(4 * 1024 * 1024 + 1)),
      like(Buffer.from('no record')),
      genuine,
      genuine,
    ];
    for (const message of forged) await visitor.publish(message, 1);
    await put(leader, 'k-2', 2);
    await has(follower, 'k-2');
    const { pushed } = await status(follower);
    expect(pushed.taken).toBe(2);
    expect(pushed).toMatchObject({ refused: forged.length - 2, not_next: 2 });
    expect((await follower.client.get('/v1/collections/c/forged')).status).toBe(404);
    expect(await readDocuments(follower.client)).toEqual(await readDocuments(leader.client));
  });
});

describe('a leader with a broker', () => {
  it('tells of each change, counts what it passes over, and says so', async () => {
    const broker = await startBroker();
    const heard = await listen(broker.url, TOPICS.events);
    const leader = await cluster.leader({ 'mqtt-url': broker.url, ...SOON, 'node-id': 'lead', 'outbox-limit': 100 });
    await online(leader);
    await put(leader, 'a/b', { n: 1 });
    await leader.client.delete('/v1/collections/c/a%2Fb');
    await until('both are told', () => heard.length === 2);
    const common = { key: 'c/a/b', nodeId: 'lead', timestampMs: expect.any(Number) };
    expect(eventsOf(heard)).toEqual([
      { ...common, seq: 1, tombstone: false, value: '{"n":1}' },
      { ...common, seq: 2, tombstone: true },
    ]);
    await broker.stop();
    await until('it is noticed', async () => !(await status(leader)).broker.connected);
    await leader.client.load(
      'c',
      Array.from({ length: 250 }, (_, i) => ({ key: `k-${i}`, value: i })),
    );
    await until('passed over', async () => (await status(leader)).outbox['passed_over'] === 150);
    expect((await status(leader)).outbox).toMatchObject({ online: false, pending: 100 });
    expect((await leader.client.get('/metrics')).text).toContain('skein_replication_outbox_passed_over_total 150');
    await broker.start();
    await until('the rest is told', async () => (await status(leader)).outbox['pending'] === 0);
    expect((await status(leader)).outbox).toMatchObject({ online: true, seq: 252, published: 102, last_error: null });
  });

  it('tells no more once another one leads, which begins to', async () => {
    const broker = await startBroker();
    const heard = await listen(broker.url, TOPICS.events);
    const [a, b, c] = (await startMembers(cluster, { 'mqtt-url': broker.url, ...SOON })) as [
      NodeProcess,
      NodeProcess,
      NodeProcess,
    ];
    await Promise.all([a, b, c].map(online));
    await until('the first is told', () => heard.length === 1);
    expect(await runSkein(['promote', b.url, '--from', a.url])).toMatchObject({ exitCode: 0 });
    await put(b, 'k-1', 1);
    await until('the new leader tells', () => heard.length === 2);
    const [first, second] = eventsOf(heard);
    expect([first!.nodeId, second!.nodeId]).toEqual(['member-1', 'member-2']);
    await until('the old one has none', async () => (await status(a)).outbox === undefined);
    expect((await status(b)).outbox).toMatchObject({ online: true, pending: 0, seq: second!.seq });
    // Followers know the new one by the key that it has told them over the feed; what they hear before that they refuse.
    await c.caughtUpWith(b);
    const { refused } = (await status(c)).pushed;
    await put(b, 'k-2', 2);
    await c.caughtUpWith(b);
    expect((await status(c)).pushed.refused).toBe(refused);
  });

  it('tells under another incarnation once it has been restored from a backup', async () => {
    const broker = await startBroker();
    const heard = await listen(broker.url, TOPICS.events);
    const flags = { 'mqtt-url': broker.url, ...SOON, 'node-id': 'lead' };
    const leader = await cluster.leader(flags);
    await online(leader);
    await put(leader, 'k-1', 1);
    const kept = join(await cluster.directory(), 'kept');
    expect(await runSkein(['backup', leader.url, kept])).toMatchObject({ exitCode: 0 });
    await put(leader, 'k-2', 2);
    await until('two are told', () => heard.length === 2);
    await leader.stop();
    const data = join(await cluster.directory(), 'data');
    expect(await runSkein(['restore', kept, '--data', data])).toMatchObject({ exitCode: 0 });
    const restored = await cluster.leader(flags, { data });
    await online(restored);
    await put(restored, 'k-3', 3);
    await until('the third is told', () => heard.length === 3);
    const [, second, third] = eventsOf(heard);
    const incarnations = heard.map(({ properties }) => properties['incarnation']);
    expect(incarnations[0]).toBe(incarnations[1]);
    expect(incarnations[2]).not.toBe(incarnations[1]);
    // Without that, it would be taken for one that is known: its number is not a new one.
    expect([second!.seq, third!.seq]).toEqual([2, 3]);
  });
});

// Said aloud above where it is not installed; where tests are run for a change, it is.
describe.skipIf(mosquitto === undefined)('with mosquitto as the broker', () => {
  const ACL = ['user lead', 'topic write skein/replication/#', 'user follow', 'topic read skein/replication/log'];

  it('nothing is lost when it is killed under load, and nodes may do what they need to and no more', async () => {
    const directory = await cluster.directory();
    const file = (name: string): string => join(directory, name);
    await writeFile(file('acl'), `${ACL.join('\n')}\n`);
    await writeFile(file('password'), 'secret\n');
    await writeFile(file('users'), ['lead', 'follow'].map((name) => `${name}:${hashed('secret')}\n`).join(''));
    const lines = [`acl_file ${file('acl')}`, `password_file ${file('users')}`, 'allow_anonymous false'];
    const broker = await Mosquitto.start(mosquitto!, directory, lines);
    cluster.atEnd(() => broker.kill());
    const as = (name: string): Record<string, string> => ({
      'mqtt-url': broker.url,
      'mqtt-username': name,
      'mqtt-password-file': file('password'),
      'node-id': name,
      ...SOON,
    });
    const leader = await cluster.leader(as('lead'));
    await put(leader, 'k-0', 0);
    const follower = await cluster.follower(leader, { ...SELDOM, ...as('follow') });
    await follower.caughtUpWith(leader);
    await Promise.all([online(leader), online(follower)]);
    await put(leader, 'k-1', 1);
    await until('it came through the broker', async () => (await status(follower)).pushed.taken > 0);

    const load = (from: number, count: number): Promise<unknown> =>
      leader.client.load(
        'c',
        Array.from({ length: count }, (_, i) => ({ key: `k-${from + i}`, value: i })),
      );
    await load(0, 1000);
    await broker.kill();
    await load(1000, 5000);
    await broker.start();
    await load(6000, 1000);
    await until('all is told', async () => (await status(leader)).outbox['pending'] === 0);
    const { outbox } = await status(leader);
    expect(outbox).toMatchObject({ passed_over: 0, left_out: 0, seq: 7002 });
    expect(outbox['published']).toBeGreaterThanOrEqual(7002);
    await put(leader, 'k-0', 'last');
    await follower.caughtUpWith(leader);
    expect((await status(follower)).pushed.refused).toBe(0);
  });
});

/** As mosquitto_passwd writes it. */
function hashed(password: string): string {
  const salt = Buffer.alloc(12, 'salt');
  return `$7$101$${salt.toString('base64')}$${pbkdf2Sync(password, salt, 101, 64, 'sha512').toString('base64')}`;
}
