import type { Connection } from './connection.ts';
import { collectionPath, encodeJson } from './encode.ts';
import { orNull } from './error.ts';
import type { ReadOptions, WriteOptions } from './options.ts';

export interface IndexDefinition {
  readonly name: string;
  readonly fields: readonly string[];
  readonly unique?: boolean | undefined;
}

/** What holds of the documents of a collection; what a newer node knows beside this is passed on as it is. */
export interface Definition {
  /** JSON Schema 2020-12. */
  readonly schema?: unknown;
  readonly indexes?: readonly IndexDefinition[] | undefined;
  readonly [more: string]: unknown;
}

/** Schemas and indexes of collections. */
export class Definitions {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Null when the collection has none. */
  async get(collection: string, options?: ReadOptions): Promise<Definition | null> {
    const answer = await orNull(this.#connection.read({ path: pathOf(collection) }, options));
    return answer === null ? null : (answer.json() as Definition);
  }

  /** Answers what the node says of it. */
  async put(collection: string, definition: Definition, options?: WriteOptions): Promise<Definition> {
    const write = { method: 'PUT', path: pathOf(collection), body: encodeJson(definition) } as const;
    return (await this.#connection.write(write, options)).json() as Definition;
  }

  /** Whether there was one. */
  async delete(collection: string, options?: WriteOptions): Promise<boolean> {
    const write = { method: 'DELETE', path: pathOf(collection) } as const;
    return (await orNull(this.#connection.write(write, options))) !== null;
  }
}

function pathOf(collection: string): string {
  return collectionPath(collection).replace('/collections/', '/definitions/');
}
