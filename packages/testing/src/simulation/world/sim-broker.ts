import { createHash } from 'node:crypto';
import { INCARNATION, type BrokerMessage, type BrokerSession, type OpenSession, type SessionEvents } from '@skein/mqtt';
import {
  chainHash,
  encodeLine,
  readRecord,
  RECORD_HEADER_BYTES,
  topicsOf,
  writeRecordHeader,
  type RecordView,
} from '@skein/protocol';
import type { Rng } from './rng.ts';
import type { Scheduler } from './scheduler.ts';

/** What a broker does to messages, each with a probability. */
interface BrokerWeather {
  readonly delayMs: readonly [low: number, high: number];
  readonly lose: number;
  readonly repeat: number;
  /** One byte of the payload is another. */
  readonly alter: number;
  /** Somebody who can publish sends what a leader might have sent next, or an old message again under another name. */
  readonly forge: number;
  /** The connection of whoever has published is gone. */
  readonly hangUp: number;
}

/** Where a share of the worlds have their nodes meet. */
export const BROKER_PREFIX = 'world';

/** All nodes have it, and whoever forges does not. */
export const BROKER_KEY = Buffer.alloc(32, 'simulated');

const TOPICS = topicsOf(BROKER_PREFIX);
const OLD_MAX = 20;

/** One or two things at a time, seldom or often; some brokers are as they should be. */
function drawBrokerWeather(random: Rng): BrokerWeather {
  const often = random.pick([0.02, 0.2, 0.5]);
  const calm = { delayMs: [0.1, 1] as const, lose: 0, repeat: 0, alter: 0, forge: 0, hangUp: 0 };
  const bad: readonly Partial<BrokerWeather>[] = [
    {},
    { delayMs: [0.1, random.pick([5, 50, 500])] },
    { lose: often },
    { repeat: often },
    { alter: often },
    { forge: often },
    { hangUp: often / 4 },
  ];
  return { ...calm, ...random.pick(bad), ...random.pick(bad) };
}

class SimSession implements BrokerSession {
  readonly inFlightMax = 20;
  readonly packetBytesMax = 1_000_000;
  readonly topics = new Set<string>();
  readonly events: SessionEvents;
  readonly #broker: SimBroker;
  readonly #waiting = new Set<(error: Error) => void>();
  isEnded = false;

  constructor(broker: SimBroker, events: SessionEvents) {
    this.#broker = broker;
    this.events = events;
  }

  publish(message: BrokerMessage): Promise<void> {
    return this.#answered(() => this.#broker.take(this, message));
  }

  subscribe(topic: string): Promise<void> {
    return this.#answered(() => void this.topics.add(topic));
  }

  async end(): Promise<void> {
    this.hangUp('it was ended here');
  }

  hangUp(reason: string): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#broker.forget(this);
    for (const reject of this.#waiting) reject(new Error(reason));
    this.#waiting.clear();
    this.events.onEnded(reason);
  }

  #answered(act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isEnded) return reject(new Error('the session is over'));
      this.#waiting.add(reject);
      this.#broker.later('takes a message', () => {
        if (this.isEnded) return;
        act();
        this.#waiting.delete(reject);
        resolve();
      });
    });
  }
}

/** A broker that does to messages whatever brokers do, and lets somebody publish who has no business there. */
export class SimBroker {
  readonly #scheduler: Scheduler;
  readonly #random: Rng;
  readonly #weather: BrokerWeather;
  /** The nodes have been given a key; without one they know records by their leader's signature alone. */
  readonly isSealed: boolean;
  /** Where somebody publishes who has no business there. */
  readonly #topic: string;
  readonly #mark: (name: string) => void;
  readonly #sessions = new Set<SimSession>();
  readonly #old: BrokerMessage[] = [];

  constructor(scheduler: Scheduler, random: Rng, mark: (name: string) => void, ofMesh: boolean) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#weather = drawBrokerWeather(random);
    const { alter, forge } = this.#weather;
    // Whoever may publish in a mesh may write, unless there is a key.
    this.isSealed = random.chance(0.3) || (ofMesh && alter + forge > 0);
    this.#topic = ofMesh ? TOPICS.events : TOPICS.log;
    this.#mark = mark;
  }

  /** A node's way to it; what comes for a process that is gone, nobody hears. */
  sessions(isAlive: () => boolean): OpenSession {
    return (events) =>
      new Promise((resolve) => {
        const ifAlive =
          <A>(tell: (told: A) => void) =>
          (told: A): void =>
            void (isAlive() && tell(told));
        const session = new SimSession(this, {
          onMessage: ifAlive(events.onMessage),
          onEnded: ifAlive(events.onEnded),
        });
        this.later('lets somebody in', () => {
          if (!isAlive()) return;
          this.#sessions.add(session);
          resolve(session);
        });
      });
  }

  later(what: string, act: () => void): void {
    this.#scheduler.after(this.#random.between(...this.#weather.delayMs), 'broker', what, act);
  }

  forget(session: SimSession): void {
    this.#sessions.delete(session);
  }

  take(from: SimSession, message: BrokerMessage): void {
    const { repeat, forge, hangUp } = this.#weather;
    this.#passOn(from, message);
    if (this.#random.chance(repeat)) this.#passOn(from, message);
    if (message.topic === this.#topic && this.#random.chance(forge)) this.#forge(from, message);
    this.#old.push(message);
    if (this.#old.length > OLD_MAX) this.#old.shift();
    if (this.#random.chance(hangUp)) {
      this.#mark('the broker hung up');
      from.hangUp('the broker is gone');
    }
  }

  #passOn(from: SimSession, message: BrokerMessage): void {
    for (const to of this.#sessions) {
      if (to === from || !to.topics.has(message.topic) || this.#random.chance(this.#weather.lose)) continue;
      const arriving = this.#random.chance(this.#weather.alter) ? this.#altered(message) : message;
      this.later('brings a message', () => {
        if (!to.isEnded) to.events.onMessage(arriving);
      });
    }
  }

  #altered(message: BrokerMessage): BrokerMessage {
    const payload = Buffer.from(message.payload);
    const at = this.#random.below(payload.length);
    payload[at] = payload[at]! ^ (1 << this.#random.below(8));
    return { ...message, payload };
  }

  /** Chained to what is there, true to its own hash, and under the name of the leader: all but the signature can be made up. */
  #forge(from: SimSession, message: BrokerMessage): void {
    if (this.#topic === TOPICS.events) return this.#forgeEvent(from, message);
    this.#mark('a record was forged');
    const next = forgedNext(readRecord(message.payload), 'k-1');
    const incarnation = message.properties[INCARNATION]!;
    const unsigned = { ...message, payload: next, properties: { [INCARNATION]: incarnation } };
    const stolen = { ...message, payload: next };
    const old = this.#random.pick([...this.#old, message]);
    for (const forged of [unsigned, stolen, { ...old, topic: this.#topic }]) this.#passOn(from, forged);
  }

  /** An old one again, and this one as if it had been made by another process, over nothing, or without a seal. */
  #forgeEvent(from: SimSession, message: BrokerMessage): void {
    this.#mark('an event was forged');
    const { properties } = message;
    const incarnation = properties[INCARNATION]!;
    const forged = [
      { ...properties, [INCARNATION]: 'forged00' },
      { ...properties, over: '1.nobody' },
      { [INCARNATION]: incarnation },
    ];
    for (const made of forged) this.#passOn(from, { ...message, properties: made });
    this.#passOn(from, this.#random.pick([...this.#old, message]));
  }
}

/** What a leader might write next, by somebody who knows how. */
export function forgedNext({ epoch, offsetLast, hash: hashBefore }: RecordView, key: string): Buffer {
  const offset = offsetLast + 1;
  const head = { offset, ts: 4_000_000_000_000, origin: 'nobody', collection: 'c', key };
  const lines = Buffer.from(`${encodeLine(head, '"forged"')}\n`);
  const hash = chainHash(
    (parts) => createHash('sha256').update(Buffer.concat(parts)).digest(),
    hashBefore,
    epoch,
    lines,
  );
  const bytes = Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), lines]);
  writeRecordHeader(bytes, {
    linesBytes: lines.length,
    offsetFirst: offset,
    offsetLast: offset,
    epoch,
    hashBefore,
    hash,
  });
  return bytes;
}
