import type { Answer } from './answer.ts';
import type { Connection, Write } from './connection.ts';
import { checkCollection, encodeJson, query } from './encode.ts';
import { orNull } from './error.ts';
import type { CallOptions, ConditionalOptions, ReadOptions } from './options.ts';
import type { Position } from './position.ts';
import { conditionOf, writtenOf, type Written } from './written.ts';

export interface IndexDefinition {
  readonly name: string;
  /** Names of members, or of members of members: `invoice.number`. */
  readonly fields: readonly string[];
  readonly unique?: boolean | undefined;
}

/** What holds of the documents of a collection; docs/PROTOCOL.md, section 6.5. */
export interface Definition {
  /** JSON Schema 2020-12. */
  readonly schema?: unknown;
  readonly indexes?: readonly IndexDefinition[] | undefined;
  readonly ttlField?: string | undefined;
  readonly ttlSeconds?: number | undefined;
}

export interface IndexState {
  readonly name: string;
  readonly state: 'building' | 'ready';
  /** How many documents have been looked at while it is built. */
  readonly looked: number;
}

export interface StoredDefinition {
  readonly collection: string;
  readonly version: string;
  readonly definition: Definition;
  /** How its indexes are on the node that answers. */
  readonly indexes: readonly IndexState[];
}

export interface Violation {
  /** A JSON Pointer into the document. */
  readonly path: string;
  readonly rule: string;
  readonly message: string;
}

/** How the documents that are there stand to a definition. */
export interface DefinitionReport {
  readonly position: Position;
  readonly documents: number;
  readonly broken: number;
  readonly examples: readonly { readonly key: string; readonly violations: readonly Violation[] }[];
}

export interface DefineOptions extends ConditionalOptions {
  /** Stored only where no document breaks it, else `definition_broken`. */
  readonly strict?: boolean | undefined;
}

/** Schemas, indexes and expiry of collections. */
export class Definitions {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async list(options?: ReadOptions): Promise<readonly StoredDefinition[]> {
    const answer = await this.#connection.read({ path: '/v1/definitions' }, options);
    return (answer.json() as { readonly definitions: readonly StoredDefinition[] }).definitions;
  }

  /** Null when the collection has none. */
  async get(collection: string, options?: ReadOptions): Promise<Omit<StoredDefinition, 'indexes'> | null> {
    const answer = await orNull(this.#connection.read({ path: pathOf(collection) }, options));
    if (answer === null) return null;
    return { collection, version: answer.version, definition: answer.json() as Definition };
  }

  /** From then on it holds for every write, on whichever node. Documents that break it stay, unless it is to be `strict`. */
  async put(collection: string, definition: Definition, { strict, ...options }: DefineOptions = {}): Promise<Written> {
    const path = `${pathOf(collection)}${query({ strict })}`;
    return writtenOf(await this.#write({ method: 'PUT', path, body: encodeJson(definition) }, options));
  }

  /** Stores nothing, and answers what would break it. Every document is looked at, which may take more than `timeoutMs`. */
  async check(collection: string, definition: Definition, options: CallOptions = {}): Promise<DefinitionReport> {
    const path = `${pathOf(collection)}${query({ check: true })}`;
    const request = { method: 'PUT', path, body: encodeJson(definition), ...options } as const;
    return (await this.#connection.requester.ask(request)).json() as DefinitionReport;
  }

  /** Null when there was none. */
  async delete(collection: string, options: ConditionalOptions = {}): Promise<Written | null> {
    const answer = await orNull(this.#write({ method: 'DELETE', path: pathOf(collection) }, options));
    return answer === null ? null : writtenOf(answer);
  }

  #write(write: Write, { ifVersion, ...options }: ConditionalOptions): Promise<Answer> {
    return this.#connection.write({ ...write, headers: conditionOf(ifVersion) }, options);
  }
}

function pathOf(collection: string): string {
  return `/v1/definitions/${checkCollection(collection)}`;
}
