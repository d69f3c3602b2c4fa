import type { JsonValue } from '@skein/protocol';

/** What can stand in an index: everything of JSON that has an order of its own. */
export type IndexedValue = null | boolean | number | string;

export function isIndexed(value: JsonValue | undefined): value is IndexedValue {
  return value === null || (value !== undefined && typeof value !== 'object');
}

/*
 * Bytes whose order is the order of the values: null, false, true, numbers, strings. Each value ends by itself, so that
 * several of them behind each other compare as lists do, and the bytes of a shorter list begin those of every list that goes
 * on from it. ordered-binary, which does nearly the same, was tried: -0 and 0 were two, and a NUL in a long string ended it
 * (decision 0015).
 */
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const NUMBER = 4;
const STRING = 5;
/** Behind a zero byte of a string's own; two zero bytes end it. */
const ESCAPED = 0xff;

const NUMBER_BYTES = 9;
const STRING_END = Buffer.of(0, 0);

export function encodeFields(values: readonly IndexedValue[]): Buffer {
  return Buffer.concat(values.map(encodeField));
}

function encodeField(value: IndexedValue): Buffer {
  if (value === null) return Buffer.of(NULL);
  if (typeof value === 'boolean') return Buffer.of(value ? TRUE : FALSE);
  return typeof value === 'number' ? encodeNumber(value) : encodeString(value);
}

/** An IEEE double: bigger ones have bigger bits, once the sign is turned and the negative ones are turned over. */
function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES);
  bytes[0] = NUMBER;
  // Zero has one sign here.
  bytes.writeDoubleBE(value === 0 ? 0 : value, 1);
  if (bytes[1]! < 0x80) bytes[1]! ^= 0x80;
  else for (let i = 1; i < NUMBER_BYTES; i++) bytes[i]! ^= 0xff;
  return bytes;
}

function encodeString(value: string): Buffer {
  const escaped = value.includes('\0') ? escapeZeros(Buffer.from(value)) : Buffer.from(value);
  return Buffer.concat([Buffer.of(STRING), escaped, STRING_END]);
}

function escapeZeros(bytes: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of bytes) {
    escaped.push(byte);
    if (byte === 0) escaped.push(ESCAPED);
  }
  return Buffer.from(escaped);
}

/** Where so many encoded values end that begin at some place. */
export function endOfFields(bytes: Buffer, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) at = endOfField(bytes, at);
  return at;
}

function endOfField(bytes: Buffer, start: number): number {
  if (bytes[start] === NUMBER) return start + NUMBER_BYTES;
  if (bytes[start] !== STRING) return start + 1;
  let at = bytes.indexOf(0, start + 1);
  while (bytes[at + 1] === ESCAPED) at = bytes.indexOf(0, at + 2);
  return at + STRING_END.length;
}
