import type { JsonValue } from '@skein/protocol';

/** What a document has at a field, `address.city` being a member of a member; undefined where it has nothing. */
export function readField(document: JsonValue, field: string): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Readonly<Record<string, JsonValue>>)[name];
  }
  return value;
}

/** The same place as a JSON Pointer. */
export function pointerTo(field: string): string {
  return field
    .split('.')
    .map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
