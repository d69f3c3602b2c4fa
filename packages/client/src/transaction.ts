import type { Collection, MergePatch } from './collection.ts';
import type { Connection } from './connection.ts';
import { encodeJson } from './encode.ts';
import type { WriteOptions } from './options.ts';
import type { Position } from './position.ts';

interface OperationTarget {
  readonly collection: string;
  readonly key: string;
  /** The version the document has to be at; null: it must not be there. */
  readonly ifVersion?: string | null | undefined;
}

/** One step of a transaction, as it goes over the wire. */
export type Operation = OperationTarget &
  (
    | { readonly op: 'put' | 'patch'; readonly value: unknown }
    | { readonly op: 'delete' }
    | { readonly op: 'increment' | 'decrement'; readonly by?: number | undefined }
    | { readonly op: 'append' | 'prepend'; readonly text: string }
  );

export interface Committed {
  readonly position: Position;
  /** In the order of the operations. */
  readonly results: readonly { readonly collection: string; readonly key: string; readonly version: string }[];
}

interface OperationOptions {
  readonly ifVersion?: string | null | undefined;
}

/** Gathers operations, with the types of their collections; `commit` does all of them or none. */
export class Transaction {
  readonly #connection: Connection;
  readonly #operations: Operation[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  put<T>(collection: Collection<T>, key: string, value: NoInfer<T>, options?: OperationOptions): this {
    return this.#add({ op: 'put', collection: collection.name, key, value, ...options });
  }

  patch<T>(collection: Collection<T>, key: string, patch: NoInfer<MergePatch<T>>, options?: OperationOptions): this {
    return this.#add({ op: 'patch', collection: collection.name, key, value: patch, ...options });
  }

  delete<T>(collection: Collection<T>, key: string, options?: OperationOptions): this {
    return this.#add({ op: 'delete', collection: collection.name, key, ...options });
  }

  increment<T>(collection: Collection<T>, key: string, by = 1, options?: OperationOptions): this {
    return this.#add({ op: 'increment', collection: collection.name, key, by, ...options });
  }

  decrement<T>(collection: Collection<T>, key: string, by = 1, options?: OperationOptions): this {
    return this.#add({ op: 'decrement', collection: collection.name, key, by, ...options });
  }

  append<T>(collection: Collection<T>, key: string, text: string, options?: OperationOptions): this {
    return this.#add({ op: 'append', collection: collection.name, key, text, ...options });
  }

  prepend<T>(collection: Collection<T>, key: string, text: string, options?: OperationOptions): this {
    return this.#add({ op: 'prepend', collection: collection.name, key, text, ...options });
  }

  commit(options?: WriteOptions): Promise<Committed> {
    return commitAll(this.#connection, this.#operations, options);
  }

  #add(operation: Operation): this {
    this.#operations.push(operation);
    return this;
  }
}

export async function commitAll(
  connection: Connection,
  operations: readonly Operation[],
  options?: WriteOptions,
): Promise<Committed> {
  const body = encodeJson({ operations });
  const answer = await connection.write({ method: 'POST', path: '/v1/transactions', body }, options);
  return answer.json() as Committed;
}
