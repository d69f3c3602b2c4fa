import type { Fetch } from './platform.ts';
import type { Position } from './position.ts';

export interface ConnectOptions {
  /** Sent as `Authorization: Bearer …` to the addresses given, and to nobody else. A function is asked for each attempt. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** For one attempt, beside what the node is told to wait; 10 seconds unless given. */
  readonly timeoutMs?: number | undefined;
  /** For all attempts of one request together; 30 seconds unless given, 0 for one round of the nodes. */
  readonly giveUpAfterMs?: number | undefined;
  /** What has been written already, by an earlier session: reads wait for it, too. */
  readonly position?: Position | undefined;
  /** Instead of the platform's. */
  readonly fetch?: Fetch | undefined;
}

export interface CallOptions {
  /** Gives up, with the reason of the signal. A write may have been done all the same. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  /** How old the answer may be; 0 for everything that was written before. */
  readonly maxStalenessSeconds?: number | undefined;
  /** How long the node may wait until it has what it is asked for; 5 seconds unless given. */
  readonly waitSeconds?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /** One of its own is made for each write unless given. */
  readonly idempotencyKey?: string | undefined;
  /** So many other members have it, too, before it is answered. */
  readonly replicas?: number | undefined;
  /** How long the node may wait for those; 5 seconds unless given. */
  readonly waitSeconds?: number | undefined;
}

export interface ConditionalOptions extends WriteOptions {
  /** The version the document has to be at; null: it must not be there. Else `precondition_failed`. */
  readonly ifVersion?: string | null | undefined;
}
