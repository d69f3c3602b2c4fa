import { decodeEvent } from './decode-event.ts';
import { encodeEvent } from './encode-event.ts';
import { EventError } from './event-error.ts';
import { EVENT_BYTES_MAX, type ReplicationEvent } from './event.ts';

/** What the largest event is as base64. */
export const EVENT_TEXT_CHARS_MAX = (EVENT_BYTES_MAX / 3) * 4;

/** An event as it travels: base64, with its padding. */
export function eventToText(event: ReplicationEvent): string {
  const bytes = encodeEvent(event);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** One event has one text: another alphabet, line ends, or bits behind the last byte are refused. */
export function eventFromText(text: string): ReplicationEvent {
  if (text.length > EVENT_TEXT_CHARS_MAX)
    throw new EventError(
      'size_limit',
      `an event has ${EVENT_TEXT_CHARS_MAX} characters at most, this one ${text.length}`,
    );
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new EventError('malformed', 'it is not base64');
  return decodeEvent(bytes);
}
