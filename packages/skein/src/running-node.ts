import type { Clock, Store } from '@skein/core';
import { Front } from '@skein/http';
import type { Health, Position, Role } from '@skein/protocol';
import { databaseOf, type Database } from './database.ts';
import type { OutboxStatus, Observable } from '@skein/mqtt';
import { listen, type ListenOptions } from './listen.ts';
import type { NodePush } from './push/node-push.ts';
import type { RoleKeeper } from './roles/role-keeper.ts';
import { waitForPosition } from './wait-for-position.ts';

/** A database open in this process. */
export interface OpenDatabase extends Database {
  /** What it is now; a member of a set may lead now and follow later. */
  readonly role: Role;
  /** What is written through it directly waits for no other node; through `collection`, for as many as are configured. */
  readonly store: Store;
  health(): Health;
  /** Resolves when this node has the position, at once on the node that wrote it; rejects when the time is up. */
  waitFor(position: Position, waitMs?: number): Promise<void>;
  /** How far it is with telling a broker of its changes: null while it does not lead; without a broker there is none. */
  readonly outboxStatus: Observable<OutboxStatus | null> | null;
  /** Answers what is under way, then closes the database. */
  close(): Promise<void>;
}

/** A node running in this process, which others reach at its address. */
export interface RunningNode extends OpenDatabase {
  readonly url: string;
}

export interface NodeParts {
  readonly keeper: RoleKeeper;
  readonly store: Store;
  readonly clock: Clock;
  readonly push: NodePush | null;
}

/** Opens a node to this process, and to the world where there is an address; when that fails, all that was opened is closed. */
export async function runNode(parts: NodeParts & { readonly address: ListenOptions }): Promise<RunningNode>;
export async function runNode(parts: NodeParts): Promise<OpenDatabase>;
export async function runNode({
  keeper,
  store,
  clock,
  push,
  address,
}: NodeParts & { readonly address?: ListenOptions }): Promise<OpenDatabase & { readonly url?: string }> {
  const front = new Front(keeper);
  const close = async (): Promise<void> => {
    await keeper.stop(() => front.close());
    await push?.close();
    await store.close();
  };
  try {
    await keeper.ready();
    const reached = address === undefined ? {} : { url: await listen(front, address) };
    keeper.start();
    push?.start();
    return {
      ...databaseOf(store, (transaction) => keeper.commit(transaction)),
      ...reached,
      get role() {
        return keeper.role;
      },
      store,
      health: () => keeper.health(),
      outboxStatus: push,
      waitFor: waitForPosition(store, clock),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
