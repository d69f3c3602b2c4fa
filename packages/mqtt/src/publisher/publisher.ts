import { isoTime, type Clock, type Store } from '@skein/core';
import { Chore, reasonOf, type AddMetrics } from '@skein/http';
import { isSkeinError } from '@skein/protocol';
import { backoffDelayMs, type BackoffPolicy } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Counter } from 'prom-client';
import { Bell } from '../bell.ts';
import type { Broker } from '../broker/broker.ts';
import { RefusedError, type BrokerMessage } from '../broker/broker-session.ts';
import type { Seals } from '../broker/seals.ts';
import { EventError } from '../events/event-error.ts';
import { eventToText } from '../events/event-text.ts';
import { changesOf, type LoggedChange } from './changes-of.ts';
import { CursorNote } from './cursor-note.ts';
import { PublisherMetrics } from './metrics.ts';
import { startOfOutbox } from './outbox-start.ts';
import type { Observable, OutboxStatus } from './outbox-status.ts';
import { Outbox, type InFlight } from './outbox.ts';
import { SendWindow } from './send-window.ts';
import type { Telling } from './telling.ts';

export interface PublisherParts {
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly broker: Broker;
  readonly seals: Seals;
  readonly topic: string;
  /** So many changes behind the end of the log, the oldest are passed over. */
  readonly limit: number;
  readonly backoff: BackoffPolicy;
  /** What is told of a change; null where nothing is. */
  readonly tellingOf: (change: LoggedChange) => Telling | null;
  /** Which numbering the `seq` of what is written now is of; null where that is not known now. */
  readonly incarnation: () => string | null;
  /** Where gaps are counted, if that is not for this alone to do. */
  readonly gaps?: Counter | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
}

/** What is read of the log at once. */
const READ_LIMITS = { changesMax: 500, bytesMax: 1024 * 1024 };

/** Beside the payload: topic, properties, and the head of the packet. */
const PACKET_OVERHEAD_BYTES_MAX = 2048;

const CURSOR_SAVED_EVERY_MS = 2000;

/**
 * Tells the broker of what is in the log, in its order, and only of what is durable. It reads behind the cursor of its
 * outbox while there is a broker, and otherwise only keeps count. What could not be published goes again, in order, on the
 * next flush; what the broker has acknowledged is behind the cursor, which is stored now and then: so a crash has changes told
 * twice, never lost, with the numbers they had.
 */
export class Publisher implements Observable<OutboxStatus> {
  readonly #parts: PublisherParts;
  readonly #metrics: PublisherMetrics;
  readonly #note: CursorNote;
  readonly #bell = new Bell();
  readonly #window = new SendWindow();
  readonly #listeners = new Set<(status: OutboxStatus) => void>();
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #outbox = new Outbox(0);
  /** Why what is on its way has to go again. */
  #broken: Error | null = null;
  #failures = 0;
  #passedOver = 0;
  #leftOutCount = 0;
  #published = 0;
  #seq: number | null = null;
  #lastFlushMs: number | null = null;
  #lastError: string | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#note = new CursorNote(parts.store, (isInMemory) => this.#saidOfCursor(isInMemory));
    this.#metrics = new PublisherMetrics({ pending: () => this.#pending, seq: () => this.#seq }, parts.gaps);
  }

  get current(): OutboxStatus {
    return {
      online: this.#parts.broker.isConnected,
      pending: this.#pending,
      lastFlushMs: this.#lastFlushMs,
      passedOver: this.#passedOver,
      leftOut: this.#leftOutCount,
      published: this.#published,
      seq: this.#seq,
      isCursorInMemory: this.#note.isInMemory,
      lastError: this.#lastError,
    };
  }

  subscribe(listener: (status: OutboxStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For /v1/status. */
  describe(): Readonly<Record<string, unknown>> {
    const { lastFlushMs, passedOver, leftOut, isCursorInMemory, lastError, ...rest } = this.current;
    return {
      ...rest,
      incarnation: this.#parts.incarnation(),
      last_flush: lastFlushMs === null ? null : isoTime(lastFlushMs),
      passed_over: passedOver,
      left_out: leftOut,
      cursor_in_memory: isCursorInMemory,
      last_error: lastError,
    };
  }

  readonly addMetrics: AddMetrics = (registry) => this.#metrics.registerIn(registry);

  /** Begins when the server is ready, and ends with it. */
  install(app: FastifyInstance): void {
    const { clock, logger } = this.#parts;
    new Chore({
      clock,
      everyMs: CURSOR_SAVED_EVERY_MS,
      prepare: () => this.start(),
      work: () => this.#note.save(this.#outbox.cursor),
      isDoneAtEnd: true,
      onFailed: (error) => logger?.debug({ err: error }, 'the cursor of the outbox could not be stored'),
    }).install(app);
    app.addHook('preClose', () => this.stop());
  }

  /** Rejects when it cannot be known now where to go on. */
  async start(): Promise<void> {
    const { store, broker } = this.#parts;
    const { cursor, passedOver } = startOfOutbox(await this.#note.load(), store.facts);
    this.#outbox = new Outbox(cursor);
    if (passedOver !== 0) this.#saidOfStart(cursor, passedOver);
    // One that is new must not begin anew behind what is written until the next time.
    await this.#note.save(this.#outbox.cursor).catch(() => undefined);
    const { signal } = this.#ending;
    store.subscribe(() => {
      this.#bell.ring();
      this.#changed();
    }, signal);
    const unwatch = broker.watch((isConnected) => {
      if (!isConnected) this.#broken ??= new Error('the broker is gone');
      this.#bell.ring();
      this.#changed();
    });
    signal.addEventListener('abort', unwatch, { once: true });
    this.#running = this.#run(signal);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  get #pending(): number {
    return Math.max(0, this.#parts.store.facts.head.offset - this.#outbox.cursor);
  }

  #saidOfStart(cursor: number, passedOver: number | null): void {
    this.#parts.logger?.warn(
      { cursor, passedOver },
      'it is not known what had been told before: changes before the cursor may never have been told as events',
    );
    if (passedOver === null) return this.#metrics.gap();
    this.#passedOver += passedOver;
    this.#metrics.passedOver(passedOver);
  }

  #saidOfCursor(isInMemory: boolean): void {
    if (isInMemory)
      this.#parts.logger?.warn(
        'the cursor of the outbox is kept in memory alone: after a crash, changes are told twice',
      );
    this.#changed();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { broker, clock, random, backoff, store } = this.#parts;
    while (!signal.aborted) {
      this.#passOver();
      if (!broker.isConnected || this.#outbox.cursor >= store.facts.head.offset) {
        await this.#bell.next(signal);
        continue;
      }
      try {
        await this.#flush(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
        await clock.sleep(backoffDelayMs(backoff, ++this.#failures, random()), signal).catch(() => undefined);
      }
    }
  }

  /**
   * Until everything is with the broker that is in the log. A flush is done when what was there at its beginning is; under
   * steady writes the next one begins at once.
   */
  async #flush(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    // What is on its way has its answer before it goes again.
    while (!this.#window.isEmpty) {
      signal.throwIfAborted();
      await this.#bell.next(signal);
    }
    this.#broken = null;
    this.#outbox.rewind();
    let begun = { at: clock.now(), goal: store.facts.head.offset };
    while (this.#outbox.cursor < begun.goal) {
      this.#passOver();
      this.#assertGoing(signal);
      if (this.#outbox.sentTo < store.facts.head.offset) await this.#sendSome(signal);
      else if (!this.#outbox.isAtRest) await this.#bell.next(signal);
      if (this.#outbox.cursor < begun.goal) continue;
      this.#flushed((clock.now() - begun.at) / 1000);
      begun = { at: clock.now(), goal: store.facts.head.offset };
    }
  }

  #flushed(seconds: number): void {
    this.#lastFlushMs = this.#parts.clock.wall();
    this.#lastError = null;
    this.#failures = 0;
    this.#metrics.flushed(seconds);
    this.#changed();
  }

  async #sendSome(signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const { sentTo } = this.#outbox;
    const slice = await store.readLog(sentTo, READ_LIMITS).catch((error: unknown) => {
      // Trimmed while it was read; that is passed over.
      if (isSkeinError(error, 'compacted')) return { records: [] };
      throw error;
    });
    for (const change of changesOf(slice.records, sentTo)) {
      // Meanwhile others may have been written, and this one be passed over.
      if (change.offset <= this.#outbox.sentTo) continue;
      const told = this.#messageOf(change);
      if (told === null) {
        this.#outbox.leaveOut(change.offset);
        continue;
      }
      while (!this.#hasRoomFor(told.message)) {
        this.#assertGoing(signal);
        await this.#bell.next(signal);
      }
      this.#assertGoing(signal);
      if (change.offset > this.#outbox.sentTo) this.#send(this.#outbox.send(change.offset), told);
    }
  }

  #hasRoomFor({ payload }: BrokerMessage): boolean {
    const bounds = { cursor: this.#outbox.cursor, brokerMax: this.#parts.broker.inFlightMax };
    return this.#window.hasRoomFor(payload.length, bounds);
  }

  #assertGoing(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#broken !== null) throw this.#broken;
  }

  #messageOf(change: LoggedChange): { readonly seq: number; readonly message: BrokerMessage } | null {
    const { tellingOf, seals, topic, broker } = this.#parts;
    const telling = tellingOf(change);
    if (telling === null) return null;
    const { event, incarnation, over } = telling;
    try {
      const payload = Buffer.from(eventToText(event), 'latin1');
      if (payload.length > broker.packetBytesMax - PACKET_OVERHEAD_BYTES_MAX && broker.isConnected)
        throw new EventError('size_limit', `the broker takes packets of ${broker.packetBytesMax} bytes at most`);
      return { seq: event.seq, message: seals.seal({ topic, payload, incarnation, over }) };
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
      this.#leftOut(change, error);
      return null;
    }
  }

  #leftOut({ offset, collection, key }: LoggedChange, error: EventError): void {
    this.#leftOutCount++;
    this.#metrics.gap();
    this.#parts.logger?.warn({ offset, collection, key, reason: error.message }, 'a change is not told as an event');
    this.#changed();
  }

  #send(sent: InFlight, { seq, message }: { readonly seq: number; readonly message: BrokerMessage }): void {
    const { broker, clock } = this.#parts;
    const startedAt = clock.now();
    const bytes = message.payload.length;
    this.#window.sent(bytes);
    broker.publish(message, 1).then(
      () => {
        this.#window.settled(bytes);
        this.#published++;
        this.#seq = Math.max(this.#seq ?? 0, seq);
        this.#metrics.published((clock.now() - startedAt) / 1000);
        this.#outbox.acknowledge(sent);
        this.#bell.ring();
      },
      (error: unknown) => {
        this.#window.settled(bytes);
        this.#metrics.failed();
        if (error instanceof RefusedError) this.#window.refused(sent.offset);
        this.#broken ??= error instanceof Error ? error : new Error(String(error));
        this.#bell.ring();
      },
    );
  }

  #passOver(): void {
    const { store, limit, logger } = this.#parts;
    const { head, tail } = store.facts;
    const passed = this.#outbox.passOver({ head: head.offset, tail, limit });
    if (passed === 0) return;
    if (this.#passedOver === 0)
      logger?.warn({ cursor: this.#outbox.cursor, limit }, 'the outbox is full: the oldest changes are passed over');
    this.#passedOver += passed;
    this.#metrics.passedOver(passed);
    this.#changed();
  }

  #failed(error: unknown): void {
    const reason = reasonOf(error);
    if (reason !== this.#lastError) this.#parts.logger?.warn({ reason }, 'changes could not be told to the broker');
    this.#lastError = reason;
    this.#changed();
  }

  #changed(): void {
    for (const tell of this.#listeners) tell(this.current);
  }
}
