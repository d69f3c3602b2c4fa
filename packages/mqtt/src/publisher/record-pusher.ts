import type { RandomBytes, Store } from '@skein/core';
import type { AddMetrics } from '@skein/http';
import { LIMITS, type RecordView } from '@skein/protocol';
import { Counter } from 'prom-client';
import type { Broker } from '../broker/broker.ts';
import { RecordSigner, SIGNATURE } from '../broker/record-signature.ts';
import type { Seals } from '../broker/seals.ts';
import { leaderIncarnation } from './leader-events.ts';

export interface RecordPusherParts {
  readonly store: Store;
  readonly broker: Broker;
  readonly seals: Seals;
  readonly topic: string;
  readonly randomness: RandomBytes;
}

/** Of what is larger, followers have the first of it over HTTP before the broker has the last. */
export const PUSHED_BYTES_MAX = LIMITS.pageBytesMax;

/**
 * Pushes each record to the followers in the moment it is durable. What is not sent now is not sent at all: whoever misses
 * it has it from the feed, and would not wait for a broker that is away.
 */
export class RecordPusher {
  readonly #parts: RecordPusherParts;
  readonly #signer: RecordSigner;
  readonly #pushed = new Counter({
    name: 'skein_replication_records_pushed_total',
    help: 'Records handed to the broker for followers.',
    registers: [],
  });
  readonly #missed = new Counter({
    name: 'skein_replication_records_not_pushed_total',
    help: 'Records that were not: there was no broker, it did not take them, or they were too large.',
    registers: [],
  });

  constructor(parts: RecordPusherParts) {
    this.#parts = parts;
    this.#signer = new RecordSigner(parts.randomness);
  }

  /** For followers, over the feed. */
  get publicKey(): string {
    return this.#signer.publicKey;
  }

  readonly addMetrics: AddMetrics = (registry) => {
    registry.registerMetric(this.#pushed);
    registry.registerMetric(this.#missed);
  };

  start(until: AbortSignal): void {
    this.#parts.store.subscribe(({ records }) => {
      for (const record of records) this.#push(record);
    }, until);
  }

  #push({ bytes }: RecordView): void {
    const { broker, seals, topic, store } = this.#parts;
    const isTooLarge = bytes.length > Math.min(PUSHED_BYTES_MAX, broker.packetBytesMax / 2);
    if (!broker.isConnected || isTooLarge) return this.#missed.inc();
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const told = { topic, payload, incarnation: leaderIncarnation(store.facts) };
    const { properties, ...message } = seals.seal(told);
    const signed = { ...message, properties: { ...properties, [SIGNATURE]: this.#signer.sign(told) } };
    broker.publish(signed, 0).then(
      () => this.#pushed.inc(),
      () => this.#missed.inc(),
    );
  }
}
