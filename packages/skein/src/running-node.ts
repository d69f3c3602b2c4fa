import { Collection, type Clock, type CollectionSource, type Store } from '@skein/core';
import type { NodeServer } from '@skein/http';
import type { Health, Position } from '@skein/protocol';
import { listen, type ListenOptions } from './listen.ts';
import { waitForPosition } from './wait-for-position.ts';

/** A node running in this process. */
export interface RunningNode {
  readonly url: string;
  /** What is written through it directly waits for no other node; through `collection`, for as many as are configured. */
  readonly store: Store;
  collection(name: string): Collection;
  health(): Health;
  /** Resolves when this node has the position, at once on the node that wrote it; rejects when the time is up. */
  waitFor(position: Position, waitMs?: number): Promise<void>;
  /** Answers what is under way, then closes the database. */
  close(): Promise<void>;
}

/** What a leader and a follower have in common for whoever runs them. */
interface NodeOfRole {
  readonly server: NodeServer;
  health(): Health;
  stop(): Promise<void>;
}

export interface NodeParts {
  readonly node: NodeOfRole;
  readonly store: Store;
  /** Who takes the writes of this process. */
  readonly commit: CollectionSource['commit'];
  readonly clock: Clock;
  readonly address: ListenOptions;
}

/** Opens the node to the world; when that fails, everything that was opened is closed again. */
export async function runNode({ node, store, commit, clock, address }: NodeParts): Promise<RunningNode> {
  const close = async (): Promise<void> => {
    await node.stop();
    await store.close();
  };
  try {
    const url = await listen(node.server, address);
    return {
      url,
      store,
      collection: (name) => new Collection({ documents: store.documents, commit }, name),
      health: () => node.health(),
      waitFor: waitForPosition(store, clock),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
