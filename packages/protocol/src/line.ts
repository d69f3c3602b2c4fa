import { SkeinError } from './errors.ts';
import type { JsonText, JsonValue } from './json.ts';

/** One change as it is committed, sent and stored. Fields stand in this order on the line; absent ones are left out. */
export interface Change {
  readonly offset: number;
  readonly ts: number;
  /** The node that made the change; in a mesh, not always the one whose log this is. */
  readonly origin: string;
  /** In a mesh: when it was made, and what it was written over; see `Stamp`. */
  readonly stamp?: string;
  readonly over?: string;
  /** Offset of the last change of its transaction; present when the transaction has more than one change. */
  readonly tx?: number;
  /** Digests of an idempotency key and of the request it came with; on the first change of the transaction. */
  readonly idem?: string;
  /** The W3C trace context of the request. */
  readonly trace?: string;
  readonly collection: string;
  readonly key: string;
  readonly op: 'put' | 'delete';
  readonly value?: JsonValue;
}

export type ChangeHead = Omit<Change, 'value' | 'op'>;

/** The same, where what is absent may also be undefined. */
type LineHead = { readonly [Name in keyof ChangeHead]: ChangeHead[Name] | undefined } & Pick<
  ChangeHead,
  'offset' | 'ts' | 'origin' | 'collection' | 'key'
>;

/** Writes a change as its line, without the line end. `valueText` is the JSON text of a put, undefined for a delete. */
export function encodeLine(head: LineHead, valueText: JsonText | undefined): string {
  const line = `{"offset":${head.offset}${toldBefore(head) ?? between(head)}${JSON.stringify(head.key)}`;
  return valueText === undefined ? `${line},"op":"delete"}` : `${line},"op":"put","value":${valueText}}`;
}

/** What stands between the offset and the key. */
function between(head: LineHead): string {
  let text = `,"ts":${head.ts},"origin":${JSON.stringify(head.origin)}`;
  if (head.stamp !== undefined) text += `,"stamp":${JSON.stringify(head.stamp)}`;
  if (head.over !== undefined) text += `,"over":${JSON.stringify(head.over)}`;
  if (head.tx !== undefined) text += `,"tx":${head.tx}`;
  if (head.idem !== undefined) text += `,"idem":${JSON.stringify(head.idem)}`;
  if (head.trace !== undefined) text += `,"trace":${JSON.stringify(head.trace)}`;
  return `${text},"collection":${JSON.stringify(head.collection)},"key":`;
}

/** The line before, of those that say no more than most do, and what stood there in it: nearly all of a group say the same. */
let last:
  | { readonly ts: number; readonly origin: string; readonly collection: string; readonly text: string }
  | undefined;

function toldBefore(head: LineHead): string | undefined {
  const { ts, origin, stamp, over, tx, idem, trace, collection } = head;
  if (tx !== undefined || idem !== undefined || trace !== undefined || stamp !== undefined || over !== undefined)
    return;
  if (last?.ts !== ts || last.origin !== origin || last.collection !== collection)
    last = { ts, origin, collection, text: between(head) };
  return last.text;
}

/** Reads a line whole, value included. For the paths where speed matters there is `LineReader`. */
export function parseLine(text: string): Change {
  const bytes = new TextEncoder().encode(text);
  const line = new LineReader();
  line.read(bytes, 0, bytes.length);
  if (line.isDelete) return JSON.parse(text) as Change;
  try {
    // Parsed apart: text behind the value could otherwise pass for fields, or replace those of the head.
    const head = JSON.parse(`${decoder.decode(bytes.subarray(0, line.valueStart))}null}`) as Change;
    return { ...head, value: JSON.parse(decoder.decode(bytes.subarray(line.valueStart, line.valueEnd))) as JsonValue };
  } catch (error) {
    throw new SkeinError('bad_record', 'the value of a line is not JSON', {}, error);
  }
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const ASCII_MAX = 0x7f;
const CLOSE_BRACE = 0x7d;
const OFFSET = ascii('{"offset":');
const TS = ascii(',"ts":');
const ORIGIN = ascii(',"origin":"');
const STAMP = ascii(',"stamp":"');
const OVER = ascii(',"over":"');
const TX = ascii(',"tx":');
const IDEM = ascii(',"idem":"');
const TRACE = ascii(',"trace":"');
const COLLECTION = ascii(',"collection":"');
const KEY = ascii(',"key":"');
const PUT = ascii(',"op":"put","value":');
const DELETE = ascii(',"op":"delete"}');
// A byte order mark is text like any other, and bytes that are not UTF-8 are refused, never replaced.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/**
 * Reads what stands before a line's value without making strings or objects: the fields below are numbers and byte
 * ranges into the bytes given last, and the value stays where it is. One reader serves a whole page, so that walking
 * 200,000 lines allocates nothing. Anything that is not exactly a line as `encodeLine` writes it is refused, so
 * whoever has read a line may trust it.
 */
export class LineReader {
  offset = 0;
  ts = 0;
  /** Offset of the last change of the transaction: `offset` itself when it has only one. */
  transactionEnd = 0;
  isDelete = false;
  originStart = 0;
  originEnd = 0;
  /** Range of the stamp of a change of a mesh, and of what it was written over; each empty when there is none. */
  stampStart = 0;
  stampEnd = 0;
  overStart = 0;
  overEnd = 0;
  /** Range of the idempotency digests; empty when there are none. */
  idemStart = 0;
  idemEnd = 0;
  collectionStart = 0;
  collectionEnd = 0;
  /** Range of the key between its quotes, still escaped when `isKeyEscaped`. */
  keyStart = 0;
  keyEnd = 0;
  isKeyEscaped = false;
  /** Range of the value's bytes; empty for a delete. */
  valueStart = 0;
  valueEnd = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #sawEscape = false;

  read(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#expect(OFFSET);
    this.offset = this.#readNumber();
    this.#expect(TS);
    this.ts = this.#readNumber();
    this.#expect(ORIGIN);
    this.originStart = this.#at;
    this.originEnd = this.#readString();
    this.stampStart = this.stampEnd = 0;
    this.overStart = this.overEnd = 0;
    this.transactionEnd = this.offset;
    this.idemStart = this.idemEnd = 0;
    // Most lines say no more.
    if (!this.#accept(COLLECTION)) this.#readMore();
    this.collectionStart = this.#at;
    this.collectionEnd = this.#readString();
    this.#expect(KEY);
    this.keyStart = this.#at;
    this.keyEnd = this.#readString();
    this.isKeyEscaped = this.#sawEscape;
    this.#readOperation();
    if (this.transactionEnd < this.offset || this.offset === 0) this.#refuse();
  }

  /** What not every line has, up to where its collection begins. */
  #readMore(): void {
    if (this.#accept(STAMP)) {
      this.stampStart = this.#at;
      this.stampEnd = this.#readString();
    }
    if (this.#accept(OVER)) {
      this.overStart = this.#at;
      this.overEnd = this.#readString();
    }
    if (this.#accept(TX)) this.transactionEnd = this.#readNumber();
    if (this.#accept(IDEM)) {
      this.idemStart = this.#at;
      this.idemEnd = this.#readString();
    }
    if (this.#accept(TRACE)) this.#readString();
    this.#expect(COLLECTION);
  }

  /** When the change was made: in a mesh that is told by its stamp, and is the same in whoever's log. */
  madeMs(): number {
    const ms = this.stampEnd === 0 ? this.ts : Number.parseInt(this.#text(this.stampStart, this.stampEnd), 10);
    return Number.isSafeInteger(ms) ? ms : this.ts;
  }

  origin(): string {
    return this.#text(this.originStart, this.originEnd);
  }

  stamp(): string | undefined {
    return this.stampEnd === 0 ? undefined : this.#text(this.stampStart, this.stampEnd);
  }

  over(): string | undefined {
    return this.overEnd === 0 ? undefined : this.#text(this.overStart, this.overEnd);
  }

  idem(): string | undefined {
    return this.idemEnd === 0 ? undefined : this.#text(this.idemStart, this.idemEnd);
  }

  collection(): string {
    return this.#text(this.collectionStart, this.collectionEnd);
  }

  key(): string {
    return this.#text(this.keyStart, this.keyEnd);
  }

  #text(start: number, end: number): string {
    const raw = decoder.decode(this.#bytes.subarray(start, end));
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  #readOperation(): void {
    this.isDelete = this.#accept(DELETE);
    if (this.isDelete) {
      this.valueStart = this.valueEnd = this.#at;
      if (this.#at !== this.#end) this.#refuse();
      return;
    }
    this.#expect(PUT);
    this.valueStart = this.#at;
    this.valueEnd = this.#end - 1;
    if (this.valueEnd <= this.valueStart || this.#bytes[this.valueEnd] !== CLOSE_BRACE) this.#refuse();
  }

  #accept(literal: Uint8Array): boolean {
    const at = this.#at;
    const { length } = literal;
    if (at + length > this.#end) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== literal[i]) return false;
    this.#at = at + length;
    return true;
  }

  #expect(literal: Uint8Array): void {
    if (!this.#accept(literal)) this.#refuse();
  }

  #readNumber(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let value = 0;
    let at = start;
    for (; at < this.#end; at++) {
      const digit = bytes[at]! - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.#at = at;
    const hasLeadingZero = bytes[start] === DIGIT_0 && at - start > 1;
    if (at === start || hasLeadingZero || !Number.isSafeInteger(value)) this.#refuse();
    return value;
  }

  /** Walks to the closing quote, steps over it and returns where it stood. */
  #readString(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let isPlain = true;
    this.#sawEscape = false;
    for (let at = start; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        if (!isPlain) this.#checkText(start, at);
        return at;
      }
      if (byte < SPACE) break;
      if (byte > ASCII_MAX) isPlain = false;
      if (byte === BACKSLASH) {
        isPlain = false;
        this.#sawEscape = true;
        at++;
      }
    }
    return this.#refuse();
  }

  /** Text with escapes or beyond ASCII has to be UTF-8, escaped as `JSON.stringify` does: one text, one spelling. */
  #checkText(start: number, end: number): void {
    try {
      const raw = `"${decoder.decode(this.#bytes.subarray(start, end))}"`;
      if (!this.#sawEscape || JSON.stringify(JSON.parse(raw)) === raw) return;
    } catch {
      // Refused below, like every other text that is not as it should be.
    }
    this.#refuse();
  }

  #refuse(): never {
    throw new SkeinError('bad_record', `not a line, at its byte ${this.#at}`);
  }
}
