import { systemClock, type Collection, type Store } from '@skein/core';
import { Leader } from '@skein/leader';
import type { Health, Position } from '@skein/protocol';
import { openDataDirectory } from './data-directory.ts';
import { checkExposure, listen } from './listen.ts';
import type { NodeLogger } from './logger.ts';
import { waitForPosition } from './wait-for-position.ts';
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
  readonly logger?: NodeLogger | undefined;
}

/** A node running in this process. */
export interface RunningNode {
  readonly url: string;
  readonly store: Store;
  collection(name: string): Collection;
  health(): Health;
  /** Resolves when this node has the position, at once on the node that wrote it; rejects when the time is up. */
  waitFor(position: Position, waitMs?: number): Promise<void>;
  /** Answers what is under way, then closes the database. */
  close(): Promise<void>;
}

/** Opens the database and takes writes over HTTP, and from this process through `collection`. */
export async function startLeader(config: LeaderConfig): Promise<RunningNode> {
  const address = { host: config.host ?? '127.0.0.1', port: config.port ?? 7400, insecure: config.insecure ?? false };
  checkExposure(address);
  const clock = systemClock;
  const store = await openDataDirectory({
    ...config,
    directory: config.data,
    role: 'leader',
    nodeId: config.nodeId,
    clock,
  });
  const leader = new Leader({ store, clock, version: VERSION, logger: config.logger });
  const close = async (): Promise<void> => {
    await leader.stop();
    await store.close();
  };
  try {
    const url = await listen(leader.server, address);
    return {
      url,
      store,
      collection: (name) => store.collection(name),
      health: () => leader.health(),
      waitFor: waitForPosition(store, clock),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
