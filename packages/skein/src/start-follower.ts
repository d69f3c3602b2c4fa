import { systemClock } from '@skein/core';
import { Follower, type FollowerOptions } from '@skein/follower';
import { undiciLink } from '@skein/http';
import { CommandError } from './cli/command-error.ts';
import { openDataDirectory } from './data-directory.ts';
import { addressOf, checkExposure, type ListenOptions } from './listen.ts';
import type { NodeLogger } from './logger.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { DAY_MS, RETENTION, type RetentionPolicy } from './retention.ts';
import { runNode, type RunningNode } from './running-node.ts';
import { VERSION } from './version.ts';

export interface FollowerConfig {
  /** Address of the node to follow. */
  readonly leader: string;
  /** Directory of the database. */
  readonly data: string;
  readonly nodeId?: string | undefined;
  readonly host?: string | undefined;
  /** 7401 unless given; 0 takes a free one. */
  readonly port?: number | undefined;
  readonly insecure?: boolean | undefined;
  /** Null, the default, follows by long poll. */
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
  readonly writeBufferBytes?: number | undefined;
  readonly cacheBytes?: number | undefined;
  /** How often everything stored is read again and proven; a day unless given, never when null. */
  readonly scrubEveryMs?: number | null | undefined;
  /** How much of its log the node keeps; what is left out is as in `RETENTION`. */
  readonly retention?: Partial<RetentionPolicy> | undefined;
  readonly logger?: NodeLogger | undefined;
}

/** A follower parks its requests this long, so that a silent leader is noticed. */
const WAIT_SECONDS = 10;

/** Opens the database, follows the leader, and serves reads and the feed over HTTP and to this process. */
export async function startFollower(config: FollowerConfig): Promise<RunningNode> {
  const address = { host: config.host ?? '127.0.0.1', port: config.port ?? 7401, insecure: config.insecure ?? false };
  checkExposure(address);
  checkNotItself(config.leader, address);
  const clock = systemClock;
  const { store, generations } = await openDataDirectory({
    ...config,
    directory: config.data,
    role: 'follower',
    nodeId: config.nodeId,
    clock,
  });
  const follower = new Follower({
    store,
    generations,
    clock,
    random: Math.random,
    version: VERSION,
    retention: { ...RETENTION, ...config.retention },
    scrubEveryMs: config.scrubEveryMs === undefined ? DAY_MS : config.scrubEveryMs,
    leaderUrl: config.leader,
    openLink: undiciLink,
    policy: {
      backoff: { baseMs: config.backoffBaseMs ?? 2000, maxMs: config.backoffMaxMs ?? 60_000 },
      breaker: { failuresMax: config.circuitFailuresMax ?? 5, openMs: config.circuitOpenMs ?? 30_000 },
      pollIntervalMs: config.pollIntervalMs ?? null,
      waitSeconds: WAIT_SECONDS,
      pageSizeMax: config.batchSize ?? 5000,
      rate: rateOf(config),
      acceptReset: config.acceptReset ?? false,
    },
    requestTimeoutMs: config.requestTimeoutMs ?? 10_000,
    compareEveryMs: config.compareEveryMs === undefined ? 60_000 : config.compareEveryMs,
    repairs: config.repairs ?? false,
    pingIntervalMs: config.pingIntervalMs ?? 30_000,
    forwardWrites: config.forwardWrites ?? true,
    lagSecondsMax: (config.lagMsMax ?? 30_000) / 1000,
    slo: {
      page_read: config.sloPageReadMs ?? 100,
      leader_call: config.sloLeaderCallMs ?? 500,
      batch: config.sloBatchMs ?? 200,
      lag: config.sloLagMs ?? 30_000,
    },
    logger: config.logger,
    addProcessMetrics,
  });
  const running = await runNode({
    node: follower,
    store,
    commit: (transaction) => store.commit(transaction),
    clock,
    address,
  });
  follower.start();
  return running;
}

function rateOf({ rateLimit = null, rateBurst = 1000 }: FollowerConfig): FollowerOptions['policy']['rate'] {
  return rateLimit === null ? null : { perSecond: rateLimit, burst: rateBurst };
}

/** The obvious mistake is caught before anything starts; the others, by the node id in the leader's answers. */
function checkNotItself(leader: string, { host, port }: ListenOptions): void {
  const url = new URL(leader);
  const own = new URL(addressOf(host, port));
  const isSameHost = url.hostname === own.hostname || (isLoopback(url.hostname) && isLoopback(own.hostname));
  if (port !== 0 && isSameHost && url.port === own.port) {
    throw new CommandError(
      'configuration',
      `--leader ${leader} is the address of this follower itself: give the leader's`,
    );
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
