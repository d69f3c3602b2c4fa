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

/** Keeps a connection to a broker, and makes it anew, with full jitter, whenever it is over. */
export class ReconnectingBroker implements Broker {
  readonly #parts: BrokerParts;
  readonly #closing = new AbortController();
  readonly #watchers = new Set<(isConnected: boolean) => void>();
  readonly #subscriptions = new Map<string, Set<(message: BrokerMessage) => void>>();
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
    await this.#session.publish(message, qos);
  }

  subscribe(topic: string, listener: (message: BrokerMessage) => void): () => void {
    const listeners = this.#subscriptions.get(topic) ?? new Set();
    listeners.add(listener);
    if (!this.#subscriptions.has(topic)) {
      this.#subscriptions.set(topic, listeners);
      const session = this.#session;
      if (session !== null) void session.subscribe(topic).catch(() => session.end());
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
    let session: BrokerSession | null = null;
    try {
      session = await open({ onMessage: (message) => this.#tell(message), onEnded: end }, signal);
      // Before anybody knows of it: whoever is told that it is there may count on being told what comes.
      for (const topic of this.#subscriptions.keys()) await session.subscribe(topic);
    } catch (error) {
      await session?.end();
      return { reason: reasonOf(error), heldMs: 0 };
    }
    const connectedAt = clock.now();
    const onAbort = (): void => end('it is closing');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#become(session);
    const reason = await ended;
    signal.removeEventListener('abort', onAbort);
    this.#become(null);
    await session.end();
    return { reason, heldMs: clock.now() - connectedAt };
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
