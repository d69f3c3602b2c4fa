/**
 * What can be wrong with an event: it is too large; its bytes are not the one CBOR that they should be; or they are, and say
 * something else than an event does.
 */
export type EventErrorCode = 'size_limit' | 'malformed' | 'schema';

export class EventError extends Error {
  readonly code: EventErrorCode;

  constructor(code: EventErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EventError';
    this.code = code;
  }
}
