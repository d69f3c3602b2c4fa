import { SkeinError } from './errors.ts';
import { LIMITS } from './limits.ts';

const COLLECTION = /^[A-Za-z0-9_-]{1,64}$/;
const SYSTEM_COLLECTION = /^\$[A-Za-z0-9_-]{1,63}$/;
const NODE_ID = /^[A-Za-z0-9._-]{1,64}$/;
const encoder = new TextEncoder();

/** A collection clients may write to. */
export function checkWritableCollection(name: string): string {
  if (COLLECTION.test(name)) return name;
  if (SYSTEM_COLLECTION.test(name)) throw new SkeinError('reserved_collection', `'${name}' belongs to the system`);
  throw new SkeinError('bad_collection', `${quote(name)} is not a collection name`);
}

/** A collection clients may read: their own, or one of the system's. */
export function checkReadableCollection(name: string): string {
  if (COLLECTION.test(name) || SYSTEM_COLLECTION.test(name)) return name;
  throw new SkeinError('bad_collection', `${quote(name)} is not a collection name`);
}

export function checkKey(key: string): string {
  const problem = keyProblem(key);
  if (problem === undefined) return key;
  throw new SkeinError('bad_key', `${quote(key)} ${problem}`);
}

export function isNodeId(id: string): boolean {
  return NODE_ID.test(id);
}

export function checkNodeId(id: string): string {
  if (isNodeId(id)) return id;
  throw new SkeinError('bad_header', `${quote(id)} is not a node id: use 1 to 64 of A-Z a-z 0-9 . _ -`);
}

function keyProblem(key: string): string | undefined {
  if (key.length === 0) return 'is empty';
  if (key === '.' || key === '..') return 'cannot be carried by a URL';
  if (key.includes('\0')) return 'contains NUL';
  if (isLoneSurrogateIn(key)) return 'is not well-formed Unicode';
  // UTF-8 needs at most three bytes a UTF-16 unit, so short keys need no encoding to be measured.
  if (key.length * 3 > LIMITS.keyBytesMax && encoder.encode(key).length > LIMITS.keyBytesMax) {
    return `is longer than ${LIMITS.keyBytesMax} bytes`;
  }
  return undefined;
}

function isLoneSurrogateIn(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
