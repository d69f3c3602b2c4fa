import { LIMITS, type Definition, type JsonValue } from '@skein/protocol';
import { encodeFields, isIndexed, type IndexedValue } from './encode-fields.ts';
import { expiresAtMs, type ExpiryRule } from './expiry-rule.ts';
import { readField } from './field.ts';

/** What an index is made by. Two that are alike as JSON have the same entries. */
export type IndexSpec =
  | { readonly kind: 'fields'; readonly name: string; readonly fields: readonly string[]; readonly unique: boolean }
  /** The documents that expire, by when they do; for whoever deletes them. */
  | { readonly kind: 'expiry'; readonly name: typeof EXPIRY; readonly rule: ExpiryRule };

/** No index of a client's own can be called that. */
export const EXPIRY = '$expiry';

/** What an index looks at. */
export interface IndexedDocument {
  /** When it was written. */
  readonly ts: number;
  readonly value: JsonValue;
}

export function indexSpecsOf({ indexes = [], ttlField, ttlSeconds }: Definition): readonly IndexSpec[] {
  const specs: IndexSpec[] = indexes.map(({ name, fields, unique = false }) => ({
    kind: 'fields',
    name,
    fields,
    unique,
  }));
  const rule = expiryRuleOf({ ttlField, ttlSeconds });
  if (rule !== undefined) specs.push({ kind: 'expiry', name: EXPIRY, rule });
  return specs;
}

export function expiryRuleOf({
  ttlField,
  ttlSeconds,
}: Pick<Definition, 'ttlField' | 'ttlSeconds'>): ExpiryRule | undefined {
  if (ttlField !== undefined) return { field: ttlField };
  return ttlSeconds === undefined ? undefined : { seconds: ttlSeconds };
}

/** The fields of a document as the bytes of its entry; undefined when it has none, and so is not in the index. */
export function indexedFields(spec: IndexSpec, document: IndexedDocument): Buffer | undefined {
  if (spec.kind === 'expiry') {
    const atMs = expiresAtMs(spec.rule, document);
    return atMs === undefined ? undefined : encodeFields([atMs]);
  }
  const values: IndexedValue[] = [];
  for (const field of spec.fields) {
    const value = readField(document.value, field);
    if (!isIndexed(value)) return undefined;
    values.push(value);
  }
  const bytes = encodeFields(values);
  return bytes.length > LIMITS.indexedBytesMax ? undefined : bytes;
}

export function isSameSpec(a: IndexSpec, b: IndexSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
