import { join } from 'node:path';
import { findMosquitto, Mosquitto, MqttBroker } from '@skein/testing';
import mqtt from 'mqtt';
import { startFollower, startLeader, type LeaderConfig, type RunningNode } from 'skein';
import type { Bench } from '../bench.ts';
import { COLLECTION, documentText, keyOf, Random } from '../documents.ts';
import { inPairs, percentile, toRow, type Run } from '../results.ts';
import type { Stage } from '../stage.ts';

const EVENTS = 20_000;
const DOCUMENTS_AT_ONCE = 1000;
const LAG_WRITES = 300;
const LAG_EVERY_MS = 10;
const EVENTS_TOPIC = 'skein/replication/events';

interface Place {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * What goes through a broker: mosquitto where it is installed, else aedes behind its translation. Throughput is that of a
 * leader's events, written before, until a subscriber has them all, beside MQTT.js publishing the very payloads to the same subscriber, with as many
 * on their way as the broker takes. Lag is from a write's acknowledgement to when it is durable at a follower that does not ask.
 * Broker apart, all is in this process, the ceiling too.
 */
export const push: Bench = {
  name: 'push',
  async run(stage, { runs, quick }) {
    const broker = await startBroker(stage);
    try {
      const events = quick ? EVENTS / 10 : EVENTS;
      let payloads: readonly Buffer[] = [];
      const pairs = await inPairs(runs, {
        figure: async () => {
          const told = await tell(stage, broker.url, events);
          return told.run;
        },
        ceiling: async () => {
          if (payloads.length === 0) ({ payloads } = await tell(stage, broker.url, events));
          return bare(broker.url, payloads);
        },
      });
      const lags: Run[] = [];
      for (let i = 0; i < Math.min(runs, 3); i++) lags.push(await lagOf(stage, broker.url));
      return [
        toRow({
          name: 'events through a broker',
          unit: 'events/s',
          runs: pairs,
          ceilingName: 'MQTT.js to a subscriber, same payloads',
          target: { of: 'ratio', relation: 'at least', bound: 0.5 },
        }),
        toRow({
          name: 'lag by push, p50',
          unit: 'ms',
          runs: lags,
          target: { of: 'figure', relation: 'under', bound: 5 },
        }),
      ];
    } finally {
      await broker.close();
    }
  },
};

async function startBroker(stage: Stage): Promise<Place> {
  const command = await findMosquitto();
  if (command === undefined) {
    const broker = await MqttBroker.start();
    return { url: broker.url, close: () => broker.stop() };
  }
  // A subscriber that is behind for a moment is told all the same: what is measured is how fast all of it comes.
  const lines = ['allow_anonymous true', 'max_queued_messages 0'];
  const broker = await Mosquitto.start(command, stage.directory(), lines);
  return { url: broker.url, close: () => broker.kill() };
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** All that is said on a topic, and for how many seconds it came. */
async function subscribed(url: string, count: number) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, clientId: 'subscriber' });
  const payloads: Buffer[] = [];
  await client.subscribeAsync(EVENTS_TOPIC, { qos: 1 });
  let firstAt = 0;
  const seconds = new Promise<number>((resolve) => {
    client.on('message', (_topic, payload) => {
      if (payloads.length === 0) firstAt = performance.now();
      if (payloads.push(payload) === count) resolve((performance.now() - firstAt) / 1000);
    });
  });
  return { payloads, seconds, close: () => client.endAsync(true) };
}

/** A leader that has written all of it while it had no broker: its outbox was empty before that. */
async function tell(stage: Stage, url: string, events: number) {
  const config = { data: join(stage.directory(), 'data'), port: 0, nodeId: 'leader' };
  const withBroker = { ...config, mqtt: { url, outboxLimit: events } };
  await (await startLeader(withBroker)).close();
  await write(config, events);
  const heard = await subscribed(url, events);
  const leader = await startLeader(withBroker);
  try {
    return { run: { value: events / (await heard.seconds) }, payloads: heard.payloads };
  } finally {
    await heard.close();
    await leader.close();
  }
}

async function write(config: LeaderConfig, documents: number): Promise<void> {
  const leader = await startLeader(config);
  const random = new Random(7);
  for (let at = 0; at < documents; at += DOCUMENTS_AT_ONCE)
    await leader.store.load(
      Array.from({ length: DOCUMENTS_AT_ONCE }, (_, i) => {
        const key = keyOf(at + i);
        return { op: 'put', collection: COLLECTION, key, valueText: documentText(at + i, random) };
      }),
    );
  await leader.close();
}

async function bare(url: string, payloads: readonly Buffer[]): Promise<Run> {
  const heard = await subscribed(url, payloads.length);
  const client = mqtt.connect(url, { protocolVersion: 5, clientId: 'publisher' });
  const inFlightMax = await new Promise<number>((resolve) => {
    client.once('connect', ({ properties }) => resolve(properties?.receiveMaximum ?? 65_535));
  });
  let [next, inFlight] = [0, 0];
  const fill = (): void => {
    for (; next < payloads.length && inFlight < inFlightMax; next++, inFlight++)
      client.publish(EVENTS_TOPIC, payloads[next]!, { qos: 1 }, () => {
        inFlight--;
        fill();
      });
  };
  fill();
  const seconds = await heard.seconds;
  await Promise.all([client.endAsync(true), heard.close()]);
  return { value: payloads.length / seconds };
}

async function lagOf(stage: Stage, url: string): Promise<Run> {
  const options = { port: 0, mqtt: { url }, compareEveryMs: null };
  const leader = await startLeader({ ...options, data: stage.directory(), nodeId: 'leader' });
  // What comes was not asked for: that is an hour away.
  const seldom = { pollIntervalMs: 3_600_000, leader: leader.url, nodeId: 'follower' };
  await leader.collection(COLLECTION).put('first', 0);
  const follower = await startFollower({ ...options, ...seldom, data: stage.directory() });
  try {
    while (follower.store.facts.head.offset === 0 || leader.outboxStatus?.current?.online !== true) await later(20);
    await later(500);
    const lags = await writeAndWatch(leader, follower);
    return { value: percentile(lags, 50), notes: { p99_ms: percentile(lags, 99) } };
  } finally {
    await follower.close();
    await leader.close();
  }
}

async function writeAndWatch(leader: RunningNode, follower: RunningNode): Promise<readonly number[]> {
  const appliedAt = new Map<number, number>();
  follower.store.subscribe(({ records }) => {
    for (const { offsetFirst, offsetLast } of records)
      for (let offset = offsetFirst; offset <= offsetLast; offset++) appliedAt.set(offset, performance.now());
  });
  const acknowledgedAt = new Map<number, number>();
  for (let i = 0; i < LAG_WRITES; i++) {
    const { position } = await leader.collection(COLLECTION).put(keyOf(i), i);
    acknowledgedAt.set(position.offset, performance.now());
    await later(LAG_EVERY_MS);
  }
  const last = Math.max(...acknowledgedAt.keys());
  const deadline = performance.now() + 10_000;
  while (!appliedAt.has(last) && performance.now() < deadline) await later(10);
  return [...acknowledgedAt].map(([offset, at]) => (appliedAt.get(offset) ?? Infinity) - at);
}
