import type { z } from 'zod';

/** Keywords of JSON Schema that say more than zod does. */
export type Keywords = Readonly<Record<string, unknown>>;

/** A schema with a name of its own in the document. */
export interface Shape {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly description: string;
  /** What is to be said of its members, by their names. */
  readonly members: Readonly<Record<string, string | Keywords>>;
}

/** Names a schema; members are those of an object, and one that it does not have is an error of the compiler. */
export function shape<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  description: string,
  members: { readonly [Member in keyof z.input<Schema>]?: string | Keywords } = {},
): Shape {
  return { name, schema, description, members: members as Shape['members'] };
}
