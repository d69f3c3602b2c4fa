import { encode, Token, Type } from 'cborg';
import { eventOfFields } from './check-fields.ts';
import { EventError } from './event-error.ts';
import { EVENT_BYTES_MAX, type ReplicationEvent } from './event.ts';

const name = (text: string): Token => new Token(Type.string, text);
const KEY = name('key');
const NODE_ID = name('node_id');
const SEQ = name('seq');
const TIMESTAMP_MS = name('timestamp_ms');
const TOMBSTONE = name('tombstone');
const VALUE = name('value');

/** Fields in the order of an event, where cborg would sort them; the rest is what it does by itself: RFC 8949, section 4.2.1. */
const OF_EVENT = { typeEncoders: { Object: tokensOf } };

/** An event as CBOR: the same bytes for the same event, wherever it is written. */
export function encodeEvent(event: ReplicationEvent): Uint8Array {
  check(event);
  const bytes = encode(event, OF_EVENT);
  if (bytes.length > EVENT_BYTES_MAX) throw tooLarge(`${bytes.length} bytes`);
  return bytes;
}

function tokensOf(event: ReplicationEvent): Token[] {
  const tokens = [
    new Token(Type.map, event.tombstone ? 5 : 6),
    KEY,
    new Token(Type.string, event.key),
    NODE_ID,
    new Token(Type.string, event.nodeId),
    SEQ,
    new Token(Type.uint, event.seq),
    TIMESTAMP_MS,
    new Token(Type.uint, event.timestampMs),
    TOMBSTONE,
    new Token(event.tombstone ? Type.true : Type.false, event.tombstone),
  ];
  if (!event.tombstone) tokens.push(VALUE, new Token(Type.string, event.value));
  return tokens;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Before memory is taken for it. What JavaScript takes for text need not be any: CBOR's is UTF-8. */
function check(event: ReplicationEvent): void {
  const { key, nodeId, seq, timestampMs, tombstone } = event;
  const value = event.tombstone ? undefined : event.value;
  eventOfFields({ key, node_id: nodeId, seq, timestamp_ms: timestampMs, tombstone, value });
  const charactersMin = key.length + nodeId.length + (value?.length ?? 0);
  if (charactersMin > EVENT_BYTES_MAX) throw tooLarge(`more than ${charactersMin} bytes`);
  if (LONE_SURROGATE.test(key) || LONE_SURROGATE.test(nodeId) || LONE_SURROGATE.test(value ?? ''))
    throw new EventError('schema', 'text has to be well-formed Unicode');
}

function tooLarge(has: string): EventError {
  return new EventError('size_limit', `an event has ${EVENT_BYTES_MAX} bytes at most, this one ${has}`);
}
