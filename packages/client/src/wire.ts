/** Names on the wire, as docs/PROTOCOL.md has them. This package depends on nothing, so they stand here again. */
export const HEADERS = {
  position: 'skein-position',
  minPosition: 'skein-min-position',
  role: 'skein-role',
  leader: 'skein-leader',
  idempotencyKey: 'idempotency-key',
} as const;

export const MEDIA_TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
} as const;

/** How long a node makes a request wait for a position, for other nodes or for freshness unless it is told. */
export const WAIT_SECONDS_DEFAULT = 5;

/** How long it may be told to wait. */
export const WAIT_SECONDS_MAX = 60;
