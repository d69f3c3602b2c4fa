import { z } from 'zod';
import type { JsonValue } from './json.ts';
import { LIMITS } from './limits.ts';

/** Where the definitions of all collections are: the document `orders` here is the definition of `orders`. */
export const DEFINITIONS = '$definitions';

/** A field of a document: the name of a member, or of a member of a member, `address.city`. */
const fieldSchema = z
  .string()
  .max(LIMITS.fieldCharsMax)
  .regex(/^[^.]+(\.[^.]+)*$/, 'is not the name of a field, such as total or address.city');

const indexSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not a name: use 1 to 64 of A-Z a-z 0-9 _ and -'),
  /** In the order in which documents are to be sorted. */
  fields: z.array(fieldSchema).min(1).max(LIMITS.indexFieldsMax).readonly(),
  /** No write makes two documents that are alike in all of the fields. */
  unique: z.boolean().optional(),
});

const schemaSchema = z.custom<boolean | Readonly<Record<string, JsonValue>>>(
  (given) => typeof given === 'boolean' || (typeof given === 'object' && given !== null && !Array.isArray(given)),
  'is not a JSON Schema: send an object, or true',
);

/** What holds of a collection: of every document written to it, and of how they are found. */
export const definitionSchema = z
  .strictObject({
    /** JSON Schema, 2020-12. */
    schema: schemaSchema.optional(),
    indexes: z.array(indexSchema).max(LIMITS.indexesMax).readonly().optional(),
    /** A field that holds when its document expires: RFC 3339, or milliseconds since 1970. */
    ttlField: fieldSchema.optional(),
    /** How long after it was last written a document expires. */
    ttlSeconds: z.int().min(1).max(LIMITS.ttlSecondsMax).optional(),
  })
  .refine(({ ttlField, ttlSeconds }) => ttlField === undefined || ttlSeconds === undefined, {
    path: ['ttlField'],
    message: 'is given beside ttlSeconds: documents expire by one of them',
  })
  .refine(({ indexes = [] }) => new Set(indexes.map(({ name }) => name)).size === indexes.length, {
    path: ['indexes'],
    message: 'two of them have one name',
  });

export type Definition = z.infer<typeof definitionSchema>;
export type IndexDefinition = z.infer<typeof indexSchema>;

/** One thing about a document that its collection's definition does not allow. */
export interface Violation {
  /** Where in the document: a JSON Pointer, empty for all of it. */
  readonly path: string;
  /** What was broken: a keyword of JSON Schema; or `unique`, `indexes` or `ttlField` of the definition. */
  readonly rule: string;
  readonly message: string;
}
