import type { Clock } from '@skein/core';
import { reasonOf } from '@skein/http';
import { backoffDelayMs, type BackoffPolicy } from '@skein/replication';
import type { BrokerMessage, BrokerSession, OpenSession, Qos } from './broker-session.ts';

/** A broker as a node uses it: now connected, now not. Nothing waits in here: what cannot be sent now is refused. */
export interface Broker {
  readonly isConnected: boolean;
  /** How many messages of QoS 1 may be unacknowledged now; 0 without a connection. */
  readonly inFlightMax: number;
  /** What the broker takes as one packet now. */
  readonly packetBytesMax: number;
  /** Resolves when the broker has it, or with QoS 0 when it is written; rejects in any other case, at the end of the connection too. */
  publish(message: BrokerMessage, qos: Qos): Promise<void>;
  /** Told of each message on a topic, on this connection and those that follow; call the answer to stop. */
  subscribe(topic: string, listener: (message: BrokerMessage) => void): () => void;
  /** Told whenever it is connected, or is not any more. */
  watch(listener: (isConnected: boolean) => void): () => void;
  describe(): BrokerSeen;
  start(): void;
  close(): Promise<void>;
}

export interface BrokerSeen {
  readonly connected: boolean;
  /** Why it is not, or was not the last time. */
  readonly last_error: string | null;
  readonly failures: number;
}

export interface BrokerParts {
  readonly open: OpenSession;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  /** Told of each change, for logs. */
  readonly onChange?: (seen: BrokerSeen) => void;
}

/** A connection that held for so long was one: what ends it is the first failure again. */
const GOOD_AFTER_MS = 5000;

/** A broker that has not agreed to subscribe by then does not. */
const SUBSCRIBED_MS_MAX = 10_000;

/** A broker that has not acknowledged by then has lost it, and what stands before everything else would stay there. */
const ACKNOWLEDGED_MS_MAX = 30_000;

/** Keeps a connection to a broker, and makes it anew, with full jitter, whenever it is over. */
export class ReconnectingBroker implements Broker {
  readonly #parts: BrokerParts;
  readonly #closing = new AbortController();
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  readonly #subscriptions = new Map<string, Set<(message: BrokerMessage) => void>>();
  /** Since when what is on its way waits to be acknowledged, oldest first. */
  readonly #unacknowledged = new Set<{ readonly sinceMs: number }>();
  #session: BrokerSession | null = null;
  #failures = 0;
  #lastError: string | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  get isConnected(): boolean {
    return this.#session !== null;
  }

  get inFlightMax(): number {
    return this.#session?.inFlightMax ?? 0;
  }

  get packetBytesMax(): number {
    return this.#session?.packetBytesMax ?? 0;
  }

  async publish(message: BrokerMessage, qos: Qos): Promise<void> {
    if (this.#session === null) throw new Error('the broker is not connected');
    if (qos === 0) return this.#session.publish(message, qos);
    const waiting = { sinceMs: this.#parts.clock.now() };
    this.#unacknowledged.add(waiting);
    try {
      await this.#session.publish(message, qos);
    } finally {
      this.#unacknowledged.delete(waiting);
    }
  }

  subscribe(topic: string, listener: (message: BrokerMessage) => void): () => void {
    const listeners = this.#subscriptions.get(topic) ?? new Set();
    listeners.add(listener);
    if (!this.#subscriptions.has(topic)) {
      this.#subscriptions.set(topic, listeners);
      const session = this.#session;
      if (session !== null) void this.#subscribed(session, topic).catch(() => session.end());
    }
    // What comes on a topic that nobody listens to any more is dropped: the next connection does not ask for it.
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#subscriptions.get(topic) === listeners) this.#subscriptions.delete(topic);
    };
  }

  watch(listener: (isConnected: boolean) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  describe(): BrokerSeen {
    return { connected: this.isConnected, last_error: this.#lastError, failures: this.#failures };
  }

  start(): void {
    this.#running = this.#run(this.#closing.signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, backoff } = this.#parts;
    while (!signal.aborted) {
      const { reason, heldMs } = await this.#connection(signal);
      if (signal.aborted) return;
      this.#failures = heldMs >= GOOD_AFTER_MS ? 1 : this.#failures + 1;
      this.#lastError = reason;
      this.#changed();
      await clock.sleep(backoffDelayMs(backoff, this.#failures, random()), signal).catch(() => undefined);
    }
  }

  /** One connection, to its end; answers why it ended, or was none, and for how long it held. */
  async #connection(signal: AbortSignal): Promise<{ readonly reason: string; readonly heldMs: number }> {
    const { open, clock } = this.#parts;
    let end: (reason: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    const over = new AbortController();
    let session: BrokerSession;
    try {
      session = await open({ onMessage: (message) => this.#tell(message), onEnded: end }, signal);
    } catch (error) {
      return { reason: reasonOf(error), heldMs: 0 };
    }
    const onAbort = (): void => end('it is closing');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let connectedAt: number | null = null;
    try {
      // Before anybody knows of it: whoever is told that it is there may count on being told what comes.
      const endedBefore = await Promise.race([this.#subscribedToAll(session), ended]);
      if (endedBefore !== undefined) return { reason: endedBefore, heldMs: 0 };
      connectedAt = clock.now();
      this.#become(session);
      const reason = await Promise.race([ended, this.#untilUnacknowledged(over.signal)]);
      return { reason, heldMs: clock.now() - connectedAt };
    } catch (error) {
      return { reason: reasonOf(error), heldMs: 0 };
    } finally {
      signal.removeEventListener('abort', onAbort);
      over.abort();
      if (connectedAt !== null) this.#become(null);
      await session.end();
    }
  }

  async #subscribedToAll(session: BrokerSession): Promise<undefined> {
    for (const topic of this.#subscriptions.keys()) await this.#subscribed(session, topic);
  }

  /** Rejects when the broker refuses, or says nothing; the end of the session ends this too. */
  async #subscribed(session: BrokerSession, topic: string): Promise<void> {
    const answered = new AbortController();
    const silence = this.#parts.clock.sleep(SUBSCRIBED_MS_MAX, answered.signal).then(() => {
      throw new Error(`the broker has not agreed in time to subscribe to ${topic}`);
    });
    try {
      await Promise.race([session.subscribe(topic), silence]);
    } finally {
      answered.abort();
    }
  }

  /** Resolves when a connection is worth nothing although it stands; one message that is never acknowledged holds up all. */
  async #untilUnacknowledged(signal: AbortSignal): Promise<string> {
    const { clock } = this.#parts;
    for (;;) {
      const [oldest] = this.#unacknowledged;
      const leftMs = oldest === undefined ? ACKNOWLEDGED_MS_MAX : oldest.sinceMs + ACKNOWLEDGED_MS_MAX - clock.now();
      if (leftMs <= 0) return 'the broker does not acknowledge what it was given';
      await clock.sleep(leftMs, signal);
    }
  }

  #tell(message: BrokerMessage): void {
    for (const listener of this.#subscriptions.get(message.topic) ?? []) listener(message);
  }

  #become(session: BrokerSession | null): void {
    this.#session = session;
    for (const watcher of this.#watchers) watcher(session !== null);
    if (session !== null) this.#changed();
  }

  #changed(): void {
    this.#parts.onChange?.(this.describe());
  }
}
