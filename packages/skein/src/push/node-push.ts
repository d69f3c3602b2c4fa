import { systemRandomness, type Clock, type Store } from '@skein/core';
import {
  LeaderPush,
  MeshEvents,
  mqttJsSessions,
  PushedRecords,
  ReconnectingBroker,
  Seals,
  type Broker,
  type BrokerSeen,
  type Observable,
  type OutboxStatus,
  type Publisher,
} from '@skein/mqtt';
import { LIMITS, topicsOf } from '@skein/protocol';
import type { BackoffPolicy } from '@skein/replication';
import type { NodeLogger } from '../logger.ts';
import type { MqttConfig } from './mqtt-config.ts';

export interface NodePushParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  readonly logger?: NodeLogger | undefined;
}

/** A pushed record at most, and what is around it. */
const PACKET_BYTES_MAX = LIMITS.pageBytesMax + 64 * 1024;

const OUTBOX_LIMIT = 10_000;

/** A node's place at a broker: one connection as long as it runs, whatever its role, and for each role what goes over it. */
export class NodePush implements Observable<OutboxStatus | null> {
  readonly #broker: Broker;
  readonly #leading: () => LeaderPush;
  readonly #following: () => PushedRecords;
  readonly #meshing: () => MeshEvents;
  readonly #listeners = new Set<(status: OutboxStatus | null) => void>();
  #outbox: Publisher | null = null;

  constructor(config: MqttConfig, { store, clock, random, backoff, logger }: NodePushParts) {
    const topics = topicsOf(config.prefix ?? 'skein');
    const seals = new Seals(config.hmacKey ?? null);
    const broker = new ReconnectingBroker({
      open: mqttJsSessions({
        ...config,
        tls: config,
        clientId: store.facts.identity.node,
        packetBytesMax: PACKET_BYTES_MAX,
      }),
      clock,
      random,
      backoff,
      onChange: (seen) => logChange(seen, config.url, logger),
    });
    const common = { store, broker, seals };
    const limit = config.outboxLimit ?? OUTBOX_LIMIT;
    this.#broker = broker;
    this.#leading = () =>
      new LeaderPush({ ...common, randomness: systemRandomness, clock, random, topics, limit, backoff, logger });
    this.#meshing = () =>
      new MeshEvents({
        ...common,
        clock,
        random,
        topics,
        limit,
        backoff,
        logger,
        plainCollection: config.plainCollection,
      });
    this.#following = () => new PushedRecords({ ...common, topic: topics.log });
  }

  /** How far the outbox is; null while this node does not lead. */
  get current(): OutboxStatus | null {
    return this.#outbox?.current ?? null;
  }

  subscribe(listener: (status: OutboxStatus | null) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  ofLeader(): LeaderPush {
    return this.#telling(this.#leading());
  }

  ofMesh(): MeshEvents {
    return this.#telling(this.#meshing());
  }

  ofFollower(): PushedRecords {
    this.#outbox = null;
    this.#tell(null);
    return this.#following();
  }

  start(): void {
    this.#broker.start();
  }

  close(): Promise<void> {
    return this.#broker.close();
  }

  #telling<Push extends { readonly outbox: Publisher }>(push: Push): Push {
    push.outbox.subscribe((status) => {
      if (this.#outbox === push.outbox) this.#tell(status);
    });
    this.#outbox = push.outbox;
    return push;
  }

  #tell(status: OutboxStatus | null): void {
    for (const listener of this.#listeners) listener(status);
  }
}

function logChange({ connected, last_error, failures }: BrokerSeen, url: string, logger: NodeLogger | undefined): void {
  if (connected) logger?.info({ broker: url }, 'connected to the broker');
  else if (failures === 1) logger?.warn({ broker: url, reason: last_error }, 'not connected to the broker; will retry');
}
