import { SkeinError } from './error.ts';

const COLLECTION = /^\$?[A-Za-z0-9_-]{1,64}$/;

/** What is no name is refused here: put into a path, it might lead elsewhere. */
export function checkCollection(name: string): string {
  if (COLLECTION.test(name)) return name;
  throw new SkeinError('bad_collection', 'a collection is named with 1 to 64 of A-Z a-z 0-9 _ and -');
}

export function collectionPath(collection: string): string {
  return `/v1/collections/${checkCollection(collection)}`;
}

export function documentPath(collection: string, key: string): string {
  // URLs have no place for these, however they are written.
  if (key === '' || key === '.' || key === '..' || !isWellFormed(key))
    throw new SkeinError('bad_key', "a key is 1 to 1,024 bytes of well-formed UTF-8, other than '.' and '..'");
  return `${collectionPath(collection)}/${encodeURIComponent(key)}`;
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** What is not given is left out. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parts = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** A value as JSON. What JSON would change without a word, such as NaN into null, is refused. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === 'number' && !Number.isFinite(part))
      throw new TypeError(`${key === '' ? 'the value' : `'${key}'`} is ${part}, which JSON does not have`);
    return part;
  }) as string | undefined;
  if (text === undefined) throw new TypeError(`${typeof value} is no JSON value`);
  return text;
}
