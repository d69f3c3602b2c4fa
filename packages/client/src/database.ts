import type { ChangeEvent } from './change.ts';
import { changesOf, type ChangesOptions } from './changes.ts';
import { Collection } from './collection.ts';
import { Connection } from './connection.ts';
import { Definitions } from './definitions.ts';
import { Nodes } from './nodes.ts';
import type { CallOptions, ConnectOptions, ReadOptions, WriteOptions } from './options.ts';
import { platformWith } from './platform.ts';
import { START, type Position } from './position.ts';
import { Requester } from './requester.ts';
import { Session } from './session.ts';
import { commitAll, Transaction, type Committed, type Operation } from './transaction.ts';

export interface CollectionEntry {
  readonly name: string;
  readonly documents: number;
}

/** What a node says of itself; docs/PROTOCOL.md, section 10, has all of it. */
export interface NodeStatus {
  readonly role: 'leader' | 'follower' | 'mesh';
  readonly node: string;
  readonly log: string | null;
  readonly epoch: string | null;
  readonly position: Position;
  readonly [more: string]: unknown;
}

/** A set of nodes, and what has been written and seen through it. */
export class Database {
  readonly definitions: Definitions;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.definitions = new Definitions(connection);
  }

  /** The latest that was written here. What is read has that, whichever node answers. */
  get position(): Position {
    return this.#connection.session.position;
  }

  /** What somebody else has written is there for what is read from now on, too. */
  observe(position: Position): void {
    this.#connection.session.observe(position);
  }

  /** The same nodes for somebody else, who waits for nothing that was written here. */
  session(position: Position = START): Database {
    return new Database(new Connection(this.#connection.requester, new Session(position)));
  }

  collection<T = unknown>(name: string): Collection<T> {
    return new Collection<T>(this.#connection, name);
  }

  /** Those that have documents, by name. */
  async collections(options?: ReadOptions): Promise<readonly CollectionEntry[]> {
    const answer = await this.#connection.read({ path: '/v1/collections' }, options);
    return (answer.json() as { readonly collections: readonly CollectionEntry[] }).collections;
  }

  /** Operations that are all done, or none of them: as a list, or one after the other and then `commit`. */
  transaction(): Transaction;
  transaction(operations: readonly Operation[], options?: WriteOptions): Promise<Committed>;
  transaction(operations?: readonly Operation[], options?: WriteOptions): Transaction | Promise<Committed> {
    if (operations === undefined) return new Transaction(this.#connection);
    return commitAll(this.#connection, operations, options);
  }

  /** All that is changed, and all that has been. */
  changes(options: ChangesOptions = {}): AsyncGenerator<ChangeEvent, void, undefined> {
    return changesOf(this.#connection, options);
  }

  /** How the node is that answers. */
  async status({ signal, timeoutMs }: CallOptions = {}): Promise<NodeStatus> {
    const request = { method: 'GET', path: '/v1/status', signal, timeoutMs } as const;
    return (await this.#connection.requester.ask(request)).json() as NodeStatus;
  }
}

/** The database that these nodes hold. Nothing is asked of them yet. */
export function connect(urls: string | readonly string[], options: ConnectOptions = {}): Database {
  const { token, timeoutMs = 10_000, giveUpAfterMs = 30_000, position, fetch } = options;
  const requester = new Requester({
    nodes: new Nodes([urls].flat()),
    platform: platformWith(fetch),
    token,
    timeoutMs,
    giveUpAfterMs,
    backoff: { baseMs: 100, maxMs: 5000 },
  });
  return new Database(new Connection(requester, new Session(position)));
}
