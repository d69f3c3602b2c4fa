import { Tokenizer, Type, type Token } from 'cborg';
import { eventOfFields, type FieldName } from './check-fields.ts';
import { EventError } from './event-error.ts';
import { EVENT_BYTES_MAX, type ReplicationEvent } from './event.ts';

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: true,
};
const FIELDS_MIN = 5;
const FIELDS_MAX = 6;
const FIELD_NAMES: ReadonlySet<string> = new Set<FieldName>([
  'key',
  'node_id',
  'seq',
  'timestamp_ms',
  'tombstone',
  'value',
]);
const REPLACEMENT = '\uFFFD';

/** A byte order mark is text like any other, and bytes that are not UTF-8 are refused, never replaced. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/**
 * An event from outside. It is read token by token, so that nothing is believed that the bytes do not have: a map of five or
 * six fields, of which each is a scalar. Nothing nests, so nothing can nest too deep; a length that goes beyond the end is
 * refused before anything is taken for it.
 */
export function decodeEvent(bytes: Uint8Array): ReplicationEvent {
  if (bytes.length > EVENT_BYTES_MAX)
    throw new EventError('size_limit', `an event has ${EVENT_BYTES_MAX} bytes at most, this one ${bytes.length}`);
  const reader = new FieldReader(bytes);
  const count = reader.openMap();
  const fields: Record<FieldName, unknown> = {
    key: undefined,
    node_id: undefined,
    seq: undefined,
    timestamp_ms: undefined,
    tombstone: undefined,
    value: undefined,
  };
  for (let i = 0; i < count; i++) {
    const name = reader.text();
    if (!FIELD_NAMES.has(name)) throw new EventError('schema', `an event has no field '${name.slice(0, 40)}'`);
    if (fields[name as FieldName] !== undefined) throw new EventError('malformed', `'${name}' is there twice`);
    fields[name as FieldName] = reader.scalar(name);
  }
  if (!reader.isAtEnd) throw new EventError('malformed', 'there are bytes behind the event');
  return eventOfFields(fields);
}

class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #tokens: Tokenizer;

  constructor(bytes: Uint8Array) {
    // Of a Buffer, `slice` would be a view and not a copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#tokens = new Tokenizer(this.#bytes, STRICT);
  }

  get isAtEnd(): boolean {
    return this.#tokens.done();
  }

  /** How many fields the map has that everything is in. */
  openMap(): number {
    const token = this.#next();
    const value = token.value as number;
    if (token.type !== Type.map) throw new EventError('schema', 'an event is a map');
    if (value < FIELDS_MIN || value > FIELDS_MAX) throw new EventError('schema', `an event has no ${value} fields`);
    return value;
  }

  text(): string {
    const start = this.#tokens.pos();
    const token = this.#next();
    if (token.type !== Type.string) throw new EventError('schema', 'the name of a field is text');
    return this.#textOf(token, start);
  }

  scalar(name: string): unknown {
    const start = this.#tokens.pos();
    const token = this.#next();
    if (token.type === Type.string) return this.#textOf(token, start);
    if (token.type === Type.uint || token.type === Type.true || token.type === Type.false) return token.value;
    throw new EventError('schema', `'${name}' has the wrong type`);
  }

  /** cborg replaces what is not UTF-8, and drops a byte order mark; of ASCII alone it can be told that there was neither. */
  #textOf({ value }: Token, start: number): string {
    const text = value as string;
    const end = this.#tokens.pos();
    const from = start + headBytes(this.#bytes[start]!);
    if (text.length === end - from && !text.includes(REPLACEMENT)) return text;
    try {
      return utf8.decode(this.#bytes.subarray(from, end));
    } catch (error) {
      throw new EventError('malformed', 'text is not UTF-8', error);
    }
  }

  #next(): Token {
    if (this.#tokens.done()) throw new EventError('malformed', 'the event is cut off');
    try {
      return this.#tokens.next();
    } catch (error) {
      throw new EventError('malformed', error instanceof Error ? error.message : String(error), error);
    }
  }
}

const LENGTH_IN_HEAD_MAX = 23;

/** What stands before the bytes of a text: one byte, and the length where that does not fit into it. */
function headBytes(first: number): number {
  const minor = first & 0x1f;
  return minor <= LENGTH_IN_HEAD_MAX ? 1 : 1 + 2 ** (minor - 24);
}
