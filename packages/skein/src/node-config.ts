import type { CorsOrigins } from '@skein/http';
import type { NodeLogger } from './logger.ts';
import type { MqttConfig } from './push/mqtt-config.ts';
import type { RetentionPolicy } from './retention.ts';

/** How a node is set up, whichever role it has: a member of a set may lead now and follow later. */
export interface NodeConfig {
  /** Directory of the database. */
  readonly data: string;
  readonly nodeId?: string | undefined;
  readonly host?: string | undefined;
  /** 7400 for a leader and 7401 for a follower unless given; 0 takes a free one. */
  readonly port?: number | undefined;
  readonly insecure?: boolean | undefined;
  readonly valueBytesMax?: number | undefined;
  readonly writeBufferBytes?: number | undefined;
  readonly cacheBytes?: number | undefined;
  /** How often everything stored is read again and proven; a day unless given, never when null. */
  readonly scrubEveryMs?: number | null | undefined;
  /** How much of its log the node keeps; what is left out is as in `RETENTION`. */
  readonly retention?: Partial<RetentionPolicy> | undefined;
  /** Addresses of the other members: nodes whose acknowledgements count, and which may lead. The same set on each of them. */
  readonly peers?: readonly string[] | undefined;
  /** No write is acknowledged before so many of them have it; none unless given. The same on each of them. */
  readonly minReplicas?: number | undefined;
  /** Web pages that may use the node: of any origin, or of these; none unless given. */
  readonly corsOrigins?: CorsOrigins | undefined;
  /** A broker for what is to be known at once; none unless given. */
  readonly mqtt?: MqttConfig | undefined;
  readonly logger?: NodeLogger | undefined;

  /** While it follows. Null, the default, follows by long poll. */
  readonly pollIntervalMs?: number | null | undefined;
  readonly batchSize?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** After so much silence, 30 s unless given, the leader is asked whether it is there. */
  readonly pingIntervalMs?: number | undefined;
  readonly backoffBaseMs?: number | undefined;
  readonly backoffMaxMs?: number | undefined;
  /** After so many failures in a row the leader is left alone for `circuitOpenMs`. */
  readonly circuitFailuresMax?: number | undefined;
  readonly circuitOpenMs?: number | undefined;
  /** Most changes to fetch in a second; null, the default, fetches as many as there are. */
  readonly rateLimit?: number | null | undefined;
  /** So many more may be fetched at once after a rest. */
  readonly rateBurst?: number | undefined;
  /** Follows a leader that lost what this node has, or is another, once; what only this node has is gone then. */
  readonly acceptReset?: boolean | undefined;
  /** How often the documents are compared with the leader's; a minute unless given, never when null. */
  readonly compareEveryMs?: number | null | undefined;
  /** Whether what a comparison finds is put right. */
  readonly repairs?: boolean | undefined;
  readonly lagMsMax?: number | undefined;
  /** What takes longer than one of these is counted and warned of. */
  readonly sloPageReadMs?: number | undefined;
  readonly sloLeaderCallMs?: number | undefined;
  readonly sloBatchMs?: number | undefined;
  readonly sloLagMs?: number | undefined;
  readonly forwardWrites?: boolean | undefined;
}
