import type { AddMetrics, PushedRecord, PushOutcome, RecordSource, RoleAddition } from '@skein/http';
import { readRecord, type RecordView } from '@skein/protocol';
import { Counter } from 'prom-client';
import type { Broker } from '../broker/broker.ts';
import type { BrokerMessage } from '../broker/broker-session.ts';
import { RecordVerifier, SIGNATURE } from '../broker/record-signature.ts';
import type { Seals } from '../broker/seals.ts';
import { parseLeaderIncarnation } from '../publisher/leader-events.ts';
import { PUSHED_BYTES_MAX } from '../publisher/record-pusher.ts';

export interface PushedRecordsParts {
  readonly broker: Broker;
  readonly seals: Seals;
  readonly topic: string;
}

/**
 * Records as they come from a broker. What can be known of one by itself is looked at here: its size, its seal, that the
 * leader has signed it, that it is one record of the epoch that it is said to be of. Whether it is the next one is for the follower to say.
 */
export class PushedRecords implements RoleAddition, RecordSource {
  readonly #parts: PushedRecordsParts;
  readonly #verifier = new RecordVerifier();
  readonly #counts: Record<PushOutcome, number> = { taken: 0, not_next: 0, refused: 0 };
  readonly #received = new Counter({
    name: 'skein_replication_records_received_total',
    help: 'Records that a broker brought: taken; not the next one, which the feed has too; or refused, for what they are.',
    labelNames: ['outcome'],
    registers: [],
  });

  constructor(parts: PushedRecordsParts) {
    this.#parts = parts;
    for (const outcome of Object.keys(this.#counts)) this.#received.inc({ outcome }, 0);
  }

  subscribe(listener: (pushed: PushedRecord) => PushOutcome, keyOfLeader: () => string | null): () => void {
    return this.#parts.broker.subscribe(this.#parts.topic, (message) => {
      const pushed = this.#pushedOf(message, keyOfLeader());
      const outcome = pushed === undefined ? 'refused' : listener(pushed);
      this.#counts[outcome]++;
      this.#received.inc({ outcome });
    });
  }

  /** It is told of records as long as the follower follows, which is not for the server to say. */
  install(): void {}

  describe(): Readonly<Record<string, unknown>> {
    return { broker: this.#parts.broker.describe(), pushed: { ...this.#counts } };
  }

  readonly addMetrics: AddMetrics = (registry) => registry.registerMetric(this.#received);

  #pushedOf(message: BrokerMessage, keyOfLeader: string | null): PushedRecord | undefined {
    if (message.payload.length > PUSHED_BYTES_MAX) return undefined;
    const told = this.#parts.seals.open(message);
    const of = told === undefined ? undefined : parseLeaderIncarnation(told.incarnation);
    if (told === undefined || of === undefined) return undefined;
    if (!this.#verifier.isSigned(told, message.properties[SIGNATURE], keyOfLeader)) return undefined;
    const record = recordOf(told.payload);
    return record === undefined || record.epoch !== of.epoch ? undefined : { log: of.log, record };
  }
}

/** One record, and nothing behind it. */
function recordOf(payload: Buffer): RecordView | undefined {
  try {
    const record = readRecord(payload);
    return record.bytes.length === payload.length ? record : undefined;
  } catch {
    return undefined;
  }
}
