import type { RandomBytes } from '@skein/core';
import type { AddMetrics, RoleAddition } from '@skein/http';
import type { Topics } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { leaderIncarnation, leaderTellingOf } from './leader-events.ts';
import { Publisher, type PublisherParts } from './publisher.ts';
import { RecordPusher } from './record-pusher.ts';

export interface LeaderPushParts extends Omit<PublisherParts, 'topic' | 'tellingOf' | 'incarnation' | 'gaps'> {
  readonly topics: Topics;
  readonly randomness: RandomBytes;
}

/** What a leader tells through a broker, as long as it leads: each change as an event, and each record to its followers. */
export class LeaderPush implements RoleAddition {
  readonly outbox: Publisher;
  readonly #records: RecordPusher;
  readonly #parts: LeaderPushParts;

  constructor(parts: LeaderPushParts) {
    const { store, topics } = parts;
    this.#parts = parts;
    this.outbox = new Publisher({
      ...parts,
      topic: topics.events,
      tellingOf: (change) => leaderTellingOf(change, store.facts),
      incarnation: () => leaderIncarnation(store.facts),
    });
    this.#records = new RecordPusher({ ...parts, topic: topics.log });
  }

  get pushKey(): string {
    return this.#records.publicKey;
  }

  install(app: FastifyInstance): void {
    const ending = new AbortController();
    app.addHook('onReady', async () => this.#records.start(ending.signal));
    app.addHook('preClose', async () => ending.abort());
    this.outbox.install(app);
  }

  describe(): Readonly<Record<string, unknown>> {
    return { broker: this.#parts.broker.describe(), outbox: this.outbox.describe() };
  }

  readonly addMetrics: AddMetrics = (registry) => {
    this.outbox.addMetrics(registry);
    this.#records.addMetrics(registry);
  };
}
