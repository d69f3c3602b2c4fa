import { connect, type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import { RefusedError, type BrokerMessage, type BrokerSession, type OpenSession, type Qos } from './broker-session.ts';

export interface MqttOptions {
  readonly url: string;
  /** A broker lets nobody else in under this name: it is the node's own. */
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: {
    readonly ca?: Buffer | undefined;
    readonly cert?: Buffer | undefined;
    readonly key?: Buffer | undefined;
  };
  /** Nothing larger is taken from the broker. */
  readonly packetBytesMax: number;
}

const CONNECT_MS_MAX = 10_000;
const KEEPALIVE_SECONDS = 15;

/** What a broker that says nothing takes. */
const IN_FLIGHT_MAX_DEFAULT = 65_535;
const PACKET_BYTES_MAX_DEFAULT = 268_435_455;

/** So much may wait here for the broker to take it from the wire, and one message more. */
const WRITING_BYTES_MAX = 4 * 1024 * 1024;

/** Reason codes of MQTT 5 from here on are refusals. */
const REFUSED_FROM = 0x80;

/**
 * One connection of MQTT.js, and nothing of what it does beyond that: it neither reconnects, nor keeps what could not be
 * sent, nor subscribes again. Sessions are clean, there is no will, and nothing is retained.
 */
export function mqttJsSessions(options: MqttOptions): OpenSession {
  return async (events, signal) => {
    signal.throwIfAborted();
    const client = connect(options.url, clientOptions(options));
    const session = new MqttJsSession(client, events.onEnded);
    client.on('message', (_topic, _payload, packet) => events.onMessage(messageOf(packet)));
    await session.connected(signal);
    return session;
  };
}

function clientOptions({ clientId, username, password, tls = {}, packetBytesMax }: MqttOptions): IClientOptions {
  return {
    clientId,
    protocolVersion: 5,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MS_MAX,
    keepalive: KEEPALIVE_SECONDS,
    resubscribe: false,
    queueQoSZero: false,
    properties: { sessionExpiryInterval: 0, maximumPacketSize: packetBytesMax },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

class MqttJsSession implements BrokerSession {
  inFlightMax = IN_FLIGHT_MAX_DEFAULT;
  packetBytesMax = PACKET_BYTES_MAX_DEFAULT;
  readonly #client: MqttClient;
  readonly #onEnded: (reason: string) => void;
  /** How to tell who waits for an acknowledgement that there will be none. */
  readonly #waiting = new Set<(error: Error) => void>();
  #writingBytes = 0;
  #isConnected = false;
  #endedBecause: string | null = null;
  #lastError: string | null = null;

  constructor(client: MqttClient, onEnded: (reason: string) => void) {
    this.#client = client;
    this.#onEnded = onEnded;
    client.on('error', (error) => {
      this.#lastError ??= error.message;
      // MQTT.js goes on after some of them, with an answer lost that somebody waits for.
      if (this.#isConnected) void this.#end(error.message);
    });
    client.on('disconnect', (packet) => (this.#lastError ??= disconnectReason(packet.reasonCode)));
    client.on('close', () => this.#ended(this.#lastError ?? 'the connection was closed'));
  }

  /** Resolves when the broker has let it in. */
  async connected(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => void this.end();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.#settled<void>((resolve) => {
        this.#client.once('connect', (packet) => {
          this.#takeLimits(packet);
          this.#isConnected = true;
          resolve();
        });
      });
    } catch (error) {
      await this.end();
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async publish({ topic, payload, properties }: BrokerMessage, qos: Qos): Promise<void> {
    if (qos === 0 && this.#writingBytes > WRITING_BYTES_MAX) throw new Error('the broker does not take it so fast');
    // What is acknowledged is bounded by who sends it, and long written while it waits for that.
    const writingBytes = qos === 0 ? payload.length : 0;
    this.#writingBytes += writingBytes;
    try {
      await this.#settled<void>((resolve, reject) => {
        // Of an empty set of them, mqtt-packet makes a packet that no broker can read.
        const hasProperties = Object.keys(properties).length > 0;
        const options = { qos, ...(hasProperties ? { properties: { userProperties: { ...properties } } } : {}) };
        this.#client.publish(topic, payload, options, (error, packet) => {
          const { reasonCode = 0 } = (packet ?? {}) as { reasonCode?: number };
          if (error !== undefined && error !== null) reject(error);
          else if (reasonCode >= REFUSED_FROM) reject(new RefusedError(reasonCode));
          else resolve();
        });
      });
    } finally {
      this.#writingBytes -= writingBytes;
    }
  }

  async subscribe(topic: string): Promise<void> {
    await this.#settled<void>((resolve, reject) => {
      this.#client.subscribe(topic, { qos: 1, rh: 2, nl: true }, (error, granted) => {
        const refusal = granted?.find(({ qos }) => qos >= REFUSED_FROM);
        if (error !== null) reject(error);
        else if (refusal !== undefined) reject(new Error(`the broker refuses to subscribe to ${topic}`));
        else resolve();
      });
    });
  }

  end(): Promise<void> {
    return this.#end('it was ended here');
  }

  async #end(reason: string): Promise<void> {
    this.#ended(reason);
    await new Promise<void>((resolve) => this.#client.end(true, {}, () => resolve()));
  }

  /** A promise that does not outlive the connection. */
  #settled<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    if (this.#endedBecause !== null) return Promise.reject(new Error(this.#endedBecause));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const settle =
        <A>(how: (argument: A) => void) =>
        (argument: A): void => {
          this.#waiting.delete(reject);
          how(argument);
        };
      begin(settle(resolve), settle(reject));
    });
  }

  #ended(reason: string): void {
    if (this.#endedBecause !== null) return;
    this.#endedBecause = reason;
    for (const reject of this.#waiting) reject(new Error(reason));
    this.#waiting.clear();
    if (this.#isConnected) this.#onEnded(reason);
  }

  #takeLimits({ properties = {} }: IConnackPacket): void {
    this.inFlightMax = properties.receiveMaximum ?? IN_FLIGHT_MAX_DEFAULT;
    this.packetBytesMax = properties.maximumPacketSize ?? PACKET_BYTES_MAX_DEFAULT;
  }
}

const SESSION_TAKEN_OVER = 0x8e;

function disconnectReason(code: number | undefined): string {
  return code === SESSION_TAKEN_OVER
    ? 'somebody else has connected to the broker with the id of this node'
    : `the broker has ended the connection, with reason ${code ?? 'unknown'}`;
}

function messageOf({ topic, payload, properties }: IPublishPacket): BrokerMessage {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties?.userProperties ?? {}))
    if (typeof value === 'string') found[name] = value;
  return { topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, properties: found };
}
