import {
  Collection,
  type Committed,
  type DefineOptions,
  type IndexState,
  type Store,
  type Transaction,
} from '@skein/core';
import { parseOperations } from '@skein/http';
import {
  checkJson,
  checkWritableCollection,
  definitionSchema,
  LIMITS,
  SkeinError,
  type Definition,
  type JsonValue,
  type Version,
  type Violation,
} from '@skein/protocol';
import { z } from 'zod';

/** What can be done with documents from within a process that holds them. */
export interface Database {
  /** What its values are is said, and believed. */
  collection<Value = JsonValue>(name: string): Collection<Value>;
  /** What its values are follows from a schema, to which everything that is put here is held. */
  collection<Schema extends z.ZodType>(
    name: string,
    options: { readonly schema: Schema },
  ): Collection<z.output<Schema>, z.input<Schema>>;
  /** All operations happen together, or none of them. */
  transaction(operations: readonly TransactionOperation[]): Promise<Committed>;
  /** Holds every writer to a schema, keeps indexes, ends the lives of documents; null takes a definition away. */
  define(
    collection: string,
    definition: GivenDefinition | null,
    options?: Omit<DefineOptions, 'commit'>,
  ): Promise<Committed>;
  /** The collections that have documents. */
  collections(): Promise<readonly { readonly name: string; readonly documents: number }[]>;
  /** How the indexes of a collection are here. */
  indexes(collection: string): readonly IndexState[];
  /** Resolves when all indexes are built that can be. */
  indexed(): Promise<void>;
}

/** A definition, whose schema may be one of zod. */
export interface GivenDefinition extends Omit<Definition, 'schema'> {
  readonly schema?: Definition['schema'] | z.ZodType | undefined;
}

export type TransactionOperation = {
  readonly collection: string;
  readonly key: string;
  /** The version that the document is at; null when it is not there. */
  readonly ifVersion?: Version | null | undefined;
} & (
  | { readonly op: 'put'; readonly value: unknown }
  | { readonly op: 'patch'; readonly value: unknown }
  | { readonly op: 'delete' }
  | { readonly op: 'increment' | 'decrement'; readonly by?: number | undefined }
  | { readonly op: 'append' | 'prepend'; readonly text: string }
);

/** A transaction is a list of operations, each of which has a value. */
const LEVELS_AROUND_VALUE = 2;

/** The database that a store is, whose writes are taken by whoever takes them here. */
export function databaseOf(store: Store, commit: (transaction: Transaction) => Promise<Committed>): Database {
  const source = {
    documents: store.documents,
    indexes: store.indexes,
    get facts() {
      return store.facts;
    },
    readLog: store.readLog.bind(store),
    subscribe: store.subscribe.bind(store),
    commit,
  };
  return {
    collection: (name: string, options?: { readonly schema: z.ZodType }) =>
      new Collection<never, unknown>(source, name, options === undefined ? {} : { parse: parserOf(options.schema) }),
    transaction: async (operations) => {
      // Else what is no JSON would silently become null.
      checkJson(operations as unknown as JsonValue, LIMITS.jsonDepthMax + LEVELS_AROUND_VALUE);
      return commit({ operations: parseOperations({ operations }, store.valueBytesMax) });
    },
    define: (collection, definition, options) =>
      store.definitions.put(checkWritableCollection(collection), definition && toDefinition(definition), {
        ...options,
        commit,
      }),
    collections: () => store.collections(),
    indexes: (collection) => store.indexes.describe(collection),
    indexed: () => store.indexed(),
  };
}

/** What zod has against a value is said as what a definition has against one. */
function parserOf(schema: z.ZodType): (given: unknown) => never {
  return (given) => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data as never;
    const violations = parsed.error.issues.map(({ path, code, message }): Violation => {
      return { path: path.map((name) => `/${String(name)}`).join(''), rule: code, message };
    });
    throw new SkeinError('invalid_document', z.prettifyError(parsed.error), { violations });
  };
}

function toDefinition({ schema, ...rest }: GivenDefinition): Definition {
  const definition = {
    ...rest,
    ...(schema === undefined ? {} : { schema: isZod(schema) ? jsonSchemaOf(schema) : schema }),
  };
  const parsed = definitionSchema.safeParse(definition);
  if (parsed.success) return parsed.data;
  throw new SkeinError('bad_definition', z.prettifyError(parsed.error), { errors: parsed.error.issues });
}

/** What is stored is what a schema makes of what it is given. */
function jsonSchemaOf(schema: z.ZodType): Definition['schema'] {
  return z.toJSONSchema(schema, { io: 'output' }) as Definition['schema'];
}

function isZod(schema: NonNullable<GivenDefinition['schema']>): schema is z.ZodType {
  return schema instanceof z.ZodType;
}
