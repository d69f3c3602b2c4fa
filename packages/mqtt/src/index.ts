export { contentOf, documentOf, type DocumentOfEvent, type EventContent } from './events/document-key.ts';
export { decodeEvent } from './events/decode-event.ts';
export { encodeEvent } from './events/encode-event.ts';
export { EventError, type EventErrorCode } from './events/event-error.ts';
export { EVENT_BYTES_MAX, type ReplicationEvent } from './events/event.ts';
export { EVENT_TEXT_CHARS_MAX, eventFromText, eventToText } from './events/event-text.ts';
