import { Collection, type Clock, type Store } from '@skein/core';
import { Front } from '@skein/http';
import type { Health, Position, Role } from '@skein/protocol';
import { listen, type ListenOptions } from './listen.ts';
import type { RoleKeeper } from './roles/role-keeper.ts';
import { waitForPosition } from './wait-for-position.ts';

/** A node running in this process. */
export interface RunningNode {
  readonly url: string;
  /** What it is now; a member of a set may lead now and follow later. */
  readonly role: Role;
  /** What is written through it directly waits for no other node; through `collection`, for as many as are configured. */
  readonly store: Store;
  collection(name: string): Collection;
  health(): Health;
  /** Resolves when this node has the position, at once on the node that wrote it; rejects when the time is up. */
  waitFor(position: Position, waitMs?: number): Promise<void>;
  /** Answers what is under way, then closes the database. */
  close(): Promise<void>;
}

export interface NodeParts {
  readonly keeper: RoleKeeper;
  readonly store: Store;
  readonly clock: Clock;
  readonly address: ListenOptions;
}

/** Opens the node to the world; when that fails, everything that was opened is closed again. */
export async function runNode({ keeper, store, clock, address }: NodeParts): Promise<RunningNode> {
  const front = new Front(keeper);
  const close = async (): Promise<void> => {
    await keeper.stop(() => front.close());
    await store.close();
  };
  try {
    await keeper.ready();
    const url = await listen(front, address);
    keeper.start();
    return {
      url,
      get role() {
        return keeper.role;
      },
      store,
      collection: (name) =>
        new Collection({ documents: store.documents, commit: (transaction) => keeper.commit(transaction) }, name),
      health: () => keeper.health(),
      waitFor: waitForPosition(store, clock),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
