import { systemClock } from '@skein/core';
import { undiciLink } from '@skein/http';
import { Leader } from '@skein/leader';
import { CommandError } from './cli/command-error.ts';
import { openDataDirectory } from './data-directory.ts';
import { checkExposure } from './listen.ts';
import type { NodeLogger } from './logger.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { DAY_MS, RETENTION, type RetentionPolicy } from './retention.ts';
import { runNode, type RunningNode } from './running-node.ts';
import { VERSION } from './version.ts';

export interface LeaderConfig {
  /** Directory of the database. */
  readonly data: string;
  readonly nodeId?: string | undefined;
  readonly host?: string | undefined;
  /** 7400 unless given; 0 takes a free one. */
  readonly port?: number | undefined;
  readonly insecure?: boolean | undefined;
  readonly valueBytesMax?: number | undefined;
  readonly writeBufferBytes?: number | undefined;
  readonly cacheBytes?: number | undefined;
  /** How often everything stored is read again and proven; a day unless given, never when null. */
  readonly scrubEveryMs?: number | null | undefined;
  /** How much of its log the node keeps; what is left out is as in `RETENTION`. */
  readonly retention?: Partial<RetentionPolicy> | undefined;
  /** Addresses of the other members: nodes whose acknowledgements count. */
  readonly peers?: readonly string[] | undefined;
  /** No write is acknowledged before so many of them have it; none unless given. */
  readonly minReplicas?: number | undefined;
  readonly logger?: NodeLogger | undefined;
}

/** Opens the database and takes writes over HTTP, and from this process through `collection`. */
export async function startLeader(config: LeaderConfig): Promise<RunningNode> {
  const address = { host: config.host ?? '127.0.0.1', port: config.port ?? 7400, insecure: config.insecure ?? false };
  checkExposure(address);
  const replicasMin = config.minReplicas ?? 0;
  if (replicasMin > (config.peers ?? []).length)
    throw new CommandError('configuration', `--min-replicas ${replicasMin} needs as many --peers`);
  const clock = systemClock;
  const { store } = await openDataDirectory({
    ...config,
    directory: config.data,
    role: 'leader',
    nodeId: config.nodeId,
    clock,
  });
  const leader = new Leader({
    store,
    clock,
    version: VERSION,
    retention: { ...RETENTION, ...config.retention },
    scrubEveryMs: config.scrubEveryMs === undefined ? DAY_MS : config.scrubEveryMs,
    peers: { urls: config.peers ?? [], openLink: undiciLink },
    replicasMin,
    logger: config.logger,
    addProcessMetrics,
  });
  return runNode({ node: leader, store, commit: (transaction) => leader.commit(transaction), clock, address });
}
