import type { Clock, MergeChange } from '@skein/core';
import { Chore, liveGauge, reasonOf, type AddMetrics } from '@skein/http';
import type { Stamp } from '@skein/protocol';
import { backoffDelayMs, SequenceBook, type BackoffPolicy } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';
import { Bell } from '../../bell.ts';
import type { Broker } from '../../broker/broker.ts';
import type { BrokerMessage } from '../../broker/broker-session.ts';
import type { Seals } from '../../broker/seals.ts';
import { EventError, type EventErrorCode } from '../../events/event-error.ts';
import { EVENT_TEXT_CHARS_MAX } from '../../events/event-text.ts';
import type { MeshIntake } from '../intake.ts';
import { heardChange, NO_INCARNATION } from './heard-change.ts';
import { HeardQueue } from './heard-queue.ts';

export interface MeshHearingParts {
  readonly broker: Broker;
  readonly seals: Seals;
  readonly topic: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  readonly plainCollection?: string | undefined;
  /** Whether this node itself has told a change. */
  readonly isOwn: (stamp: Stamp) => boolean;
  readonly onGaps: (count: number) => void;
  readonly logger?: FastifyBaseLogger | undefined;
}

/**
 * What becomes of an event that is heard: it waits to be merged; it was heard before; it is this node's own; there is no room
 * for it; it is not from a node that has the key; or it is none, for one of three reasons.
 */
type Outcome = 'taken' | 'duplicate' | 'own' | 'dropped' | 'unsealed' | EventErrorCode;

const GAPS_LOOKED_FOR_EVERY_MS = 1000;

/** Hears what other nodes of a mesh tell through a broker, and has it merged in the order in which it comes. */
export class MeshHearing {
  readonly #parts: MeshHearingParts;
  readonly #queue = new HeardQueue();
  readonly #book = new SequenceBook();
  readonly #bell = new Bell();
  readonly #counts: Record<Outcome, number> = {
    taken: 0,
    duplicate: 0,
    own: 0,
    dropped: 0,
    unsealed: 0,
    malformed: 0,
    schema: 0,
    size_limit: 0,
  };
  readonly #heard = new Counter({
    name: 'skein_mesh_events_heard_total',
    help: 'Events that a broker brought: taken to be merged, heard before, of this node itself, dropped since there was no room, not sealed with the key, or no events.',
    labelNames: ['outcome'],
    registers: [],
  });
  #gaps = 0;
  #lastError: unknown = null;

  constructor(parts: MeshHearingParts) {
    this.#parts = parts;
    for (const outcome of Object.keys(this.#counts)) this.#heard.inc({ outcome }, 0);
  }

  /** Why what was heard cannot be merged now; null as long as it can. */
  get lastError(): unknown {
    return this.#lastError;
  }

  describe(): Readonly<Record<string, unknown>> {
    const { gaps, missing } = this.#book;
    return { ...this.#counts, waiting: this.#queue.size, gaps, missing };
  }

  readonly addMetrics: AddMetrics = (registry) => {
    registry.registerMetric(this.#heard);
    liveGauge(registry, {
      name: 'skein_mesh_events_waiting',
      help: 'Events that a broker brought and that wait to be merged.',
      value: () => this.#queue.size,
    });
  };

  install(app: FastifyInstance, intake: MeshIntake): void {
    const { broker, topic, clock, logger } = this.#parts;
    const ending = new AbortController();
    let running: Promise<void> = Promise.resolve();
    app.addHook('onReady', async () => {
      const stop = broker.subscribe(topic, (message) => this.#hear(message));
      ending.signal.addEventListener('abort', stop, { once: true });
      running = this.#mergeAll(intake, ending.signal);
    });
    app.addHook('preClose', async () => {
      ending.abort();
      await running;
    });
    new Chore({
      clock,
      everyMs: GAPS_LOOKED_FOR_EVERY_MS,
      work: async () => {
        this.#book.look(clock.now());
        this.#countGaps();
      },
      onFailed: (error) => logger?.error({ err: error }, 'gaps in what others tell could not be looked for'),
    }).install(app);
  }

  #hear(message: BrokerMessage): void {
    const outcome = this.#outcomeOf(message);
    this.#counts[outcome]++;
    this.#heard.inc({ outcome });
  }

  #outcomeOf(message: BrokerMessage): Outcome {
    const { seals, plainCollection, isOwn, logger } = this.#parts;
    const bytes = message.payload.length;
    // A seal costs as much as there is to look at.
    if (bytes > EVENT_TEXT_CHARS_MAX) return 'size_limit';
    const told = seals.open(message);
    if (told === undefined) return 'unsealed';
    try {
      const change = heardChange(told, plainCollection);
      return isOwn(change.stamp) ? 'own' : this.#take(change, bytes);
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      logger?.debug({ reason: error.message }, 'what came on the topic for events is none');
      return error.code;
    }
  }

  #take(change: MergeChange, bytes: number): Outcome {
    const { node, incarnation, seq } = change.stamp;
    const isNumbered = incarnation !== NO_INCARNATION;
    if (isNumbered && this.#book.isKnown(node, incarnation, seq)) return 'duplicate';
    if (!this.#queue.add(change, bytes)) return 'dropped';
    if (isNumbered) this.#book.heard(node, incarnation, seq, this.#parts.clock.now());
    this.#countGaps();
    this.#bell.ring();
    return 'taken';
  }

  #countGaps(): void {
    const { gaps } = this.#book;
    if (gaps === this.#gaps) return;
    this.#parts.onGaps(gaps - this.#gaps);
    this.#gaps = gaps;
  }

  async #mergeAll(intake: MeshIntake, signal: AbortSignal): Promise<void> {
    const { clock, random, backoff } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const batch = this.#queue.first();
      if (batch.length === 0) {
        await this.#bell.next(signal);
        continue;
      }
      try {
        await intake.take(batch);
        this.#queue.drop(batch.length);
        failures = 0;
        this.#lastError = null;
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
        await clock.sleep(backoffDelayMs(backoff, ++failures, random()), signal).catch(() => undefined);
      }
    }
  }

  #failed(error: unknown): void {
    if (this.#lastError === null)
      this.#parts.logger?.warn({ reason: reasonOf(error) }, 'what the broker brings cannot be merged; will retry');
    this.#lastError = error;
  }
}
