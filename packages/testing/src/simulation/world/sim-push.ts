import type { Clock, RandomBytes, Store } from '@skein/core';
import { LeaderPush, MeshEvents, PushedRecords, ReconnectingBroker, Seals } from '@skein/mqtt';
import { topicsOf } from '@skein/protocol';
import { BROKER_KEY, BROKER_PREFIX, type SimBroker } from './sim-broker.ts';

export interface SimPushParts {
  readonly broker: SimBroker;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomness: RandomBytes;
  readonly isAlive: () => boolean;
  readonly mark: (name: string) => void;
}

const TOPICS = topicsOf(BROKER_PREFIX);

/** A node's place at the simulated broker, as `NodePush` is at a real one. */
export class SimPush {
  readonly #parts: SimPushParts;
  readonly #broker: ReconnectingBroker;
  readonly #seals: Seals;

  constructor(parts: SimPushParts) {
    const { broker, clock, random, isAlive } = parts;
    this.#parts = parts;
    this.#seals = new Seals(broker.isSealed ? BROKER_KEY : null);
    this.#broker = new ReconnectingBroker({
      open: broker.sessions(isAlive),
      clock,
      random,
      backoff: { baseMs: 100, maxMs: 1000 },
    });
    this.#broker.start();
  }

  ofLeader(): LeaderPush {
    const { store, clock, random, randomness } = this.#parts;
    const backoff = { baseMs: 100, maxMs: 1000 };
    return new LeaderPush({
      store,
      clock,
      random,
      randomness,
      backoff,
      broker: this.#broker,
      seals: this.#seals,
      topics: TOPICS,
      limit: 50,
    });
  }

  ofMesh(limit: number): MeshEvents {
    const { store, clock, random } = this.#parts;
    const backoff = { baseMs: 100, maxMs: 1000 };
    return new MeshEvents({
      store,
      clock,
      random,
      backoff,
      broker: this.#broker,
      seals: this.#seals,
      topics: TOPICS,
      limit,
    });
  }

  ofFollower(): PushedRecords {
    const records = new PushedRecords({ broker: this.#broker, seals: this.#seals, topic: TOPICS.log });
    const subscribe = records.subscribe.bind(records);
    records.subscribe = (listener, keyOfLeader) =>
      subscribe((pushed) => {
        const outcome = listener(pushed);
        this.#parts.mark(`a pushed record was ${outcome}`);
        return outcome;
      }, keyOfLeader);
    return records;
  }

  close(): Promise<void> {
    return this.#broker.close();
  }
}
