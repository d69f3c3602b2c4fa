/** What travels through a broker. Neither topics nor properties hold NUL; MQTT has no way to write it. */
export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** User properties of MQTT 5; of a name that came twice, nothing is believed. */
  readonly properties: Readonly<Record<string, string>>;
}

/** 1 is acknowledged by the broker; 0 is gone when it is written. */
export type Qos = 0 | 1;

/** The broker is there, and does not take a message. */
export class RefusedError extends Error {
  constructor(reasonCode: number) {
    super(`the broker refuses it, with reason ${reasonCode}`);
  }
}

/** One connection to a broker, from its beginning to its end. */
export interface BrokerSession {
  /** So many messages may be unacknowledged at once. */
  readonly inFlightMax: number;
  /** What the broker takes as one packet. */
  readonly packetBytesMax: number;
  /** Resolves when the broker has it, or with QoS 0 when it is written; rejects when it is refused, or the connection ends. */
  publish(message: BrokerMessage, qos: Qos): Promise<void>;
  /** Resolves when the broker has agreed. */
  subscribe(topic: string): Promise<void>;
  end(): Promise<void>;
}

export interface SessionEvents {
  readonly onMessage: (message: BrokerMessage) => void;
  /** Called once, when the connection is over, however it ended. */
  readonly onEnded: (reason: string) => void;
}

/** Makes one attempt to connect; rejects when there is no connection. */
export type OpenSession = (events: SessionEvents, signal: AbortSignal) => Promise<BrokerSession>;
