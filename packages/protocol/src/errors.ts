/**
 * Every refusal Skein can give, in one table: its stable code, HTTP status, what it means and what to do.
 * Codes never change; sentences may improve freely. docs/ERRORS.md is printed from this table.
 */
interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

const entry = (status: number, title: string, remedy: string): ErrorEntry => ({ status, title, remedy });

export const ERRORS = {
  bad_json: entry(400, 'The body is not well-formed JSON.', 'Send UTF-8 JSON.'),
  bad_body: entry(400, 'The body does not have the expected shape.', 'See the errors listed in the answer.'),
  bad_number: entry(400, 'A number is outside the range of an IEEE double.', 'Send it as a string.'),
  bad_query: entry(400, 'A query parameter is unknown or malformed.', 'See the errors listed in the answer.'),
  bad_header: entry(400, 'A request header is malformed.', 'The detail names the header.'),
  bad_path: entry(400, 'The path is not well-formed.', 'Percent-encode collection and key as UTF-8.'),
  bad_collection: entry(400, 'Not a collection name.', 'Use 1 to 64 of A-Z a-z 0-9 _ and -.'),
  reserved_collection: entry(
    400,
    'Collections beginning with $ belong to the system.',
    'Write to a collection of your own.',
  ),
  not_confirmed: entry(
    400,
    'The deletion of a whole collection is confirmed with its name.',
    'Nothing was deleted. Give ?confirm= with the name of the collection.',
  ),
  bad_key: entry(400, 'Not a document key.', 'Use 1 to 1,024 bytes of UTF-8 without NUL, other than . and ..'),
  bad_position: entry(400, 'Not a position of the log.', 'Use a position as Skein gave it, an offset, or now.'),
  bad_version: entry(400, 'Not a document version.', 'Use a version or ETag as Skein gave it.'),
  bad_line: entry(
    400,
    'A line of the bulk load was refused.',
    'What was committed before it is counted: go on behind the first `count` documents.',
  ),
  bad_record: entry(
    400,
    'Bytes that should be a log record are not one.',
    'The sender or the connection is faulty; ask again.',
  ),
  bad_definition: entry(
    400,
    'The definition cannot be used.',
    'See the errors listed in the answer; a schema is JSON Schema 2020-12 without references to other documents.',
  ),
  unknown_index: entry(
    400,
    'The collection has no index of that name.',
    'GET /v1/definitions/{collection} names those it has.',
  ),
  too_deep: entry(400, 'JSON nested deeper than 64 levels.', 'Flatten the document.'),
  incomplete_body: entry(
    400,
    'The body ended before it was complete.',
    'Send it again; what was committed before is reported.',
  ),
  bad_request: entry(400, 'The request is not well-formed HTTP.', 'Check the client.'),
  origin_refused: entry(
    403,
    'A web page of another origin may not write here.',
    'Name its origin in --cors-origins of this node, if it may.',
  ),
  not_found: entry(404, 'No such document or follower.', 'Check collection and key, or the id.'),
  unknown_path: entry(404, 'Nothing is served at this path.', 'GET /docs of this node lists what is.'),
  method_not_allowed: entry(405, 'This path does not take that method.', 'The Allow header lists what it takes.'),
  not_acceptable: entry(
    406,
    'None of the accepted formats can be served here.',
    'Ask for a format named in the detail.',
  ),
  request_timeout: entry(408, 'The request did not arrive in time.', 'Send it again on a better connection.'),
  wrong_type: entry(
    409,
    'The document has another type than the operator needs.',
    'Increment numbers, append to strings.',
  ),
  not_unique: entry(
    409,
    'Another document is alike in all fields of a unique index.',
    'The answer names the index and the other document.',
  ),
  definition_broken: entry(
    409,
    'Documents of the collection break the definition; it was not stored.',
    'Put right the documents that the answer names, or store it without strict.',
  ),
  diverged: entry(
    409,
    "The position is not on this log's history.",
    'Go back to the fork point, or start from a snapshot.',
  ),
  other_log: entry(
    409,
    'The position belongs to another log.',
    'Point the reader at the log it came from, or start anew.',
  ),
  wrong_data: entry(
    409,
    'The data directory holds something else than this node needs.',
    'Give the node a directory of its own.',
  ),
  ahead: entry(
    409,
    "The position is above this log's head.",
    'The leader may have lost data: check it before going on.',
  ),
  promise_refused: entry(
    409,
    'The epoch cannot be promised.',
    'Its counter is spent, or promised to another node; promote again, which takes a higher one.',
  ),
  promotion_refused: entry(
    409,
    'This node may not lead now.',
    'The detail says why, and who did not answer. acceptLoss goes on with fewer promises.',
  ),
  compacted: entry(
    410,
    'Changes after this position are no longer kept.',
    'Start from a snapshot, then follow from its position.',
  ),
  snapshot_gone: entry(
    410,
    'The snapshot is no longer held.',
    'Go on behind the same key in a new one, then follow from the position of the first.',
  ),
  precondition_failed: entry(412, 'The document is not as the request requires.', 'Read it again and decide anew.'),
  write_lost: entry(
    412,
    "The position asked for is not on this log's history.",
    'That write is not here; read and write again.',
  ),
  too_large: entry(413, 'The body or value is over the limit.', 'Split it; the detail names the limit.'),
  unsupported_media_type: entry(
    415,
    'The body has a content type this path does not take.',
    'The detail names what it takes.',
  ),
  not_leader: entry(421, 'This node does not take writes.', 'Send it to the node in Skein-Leader.'),
  invalid_document: entry(
    422,
    "The document is not as its collection's definition requires.",
    'The answer lists the violations: where in the document, and of which rule.',
  ),
  idempotency_mismatch: entry(
    422,
    'This Idempotency-Key was used for another request.',
    'Use a new key for a new request.',
  ),
  overloaded: entry(429, 'Too much is waiting already.', 'Try again after Retry-After seconds.'),
  internal: entry(500, 'Something failed inside Skein.', 'The log of the node has the cause; please report it.'),
  corrupt: entry(500, 'Stored bytes fail their checksum.', 'Stop this node and restore it or copy it anew.'),
  starting: entry(
    503,
    'The node is starting or recovering.',
    'Try again after Retry-After seconds; nothing was written.',
  ),
  stopping: entry(503, 'The node is stopping.', 'Try another node, or again later; nothing was written.'),
  under_replicated: entry(
    503,
    'Committed on this leader, and not on as many members as were asked for.',
    'It may yet reach them. Repeat it with its Idempotency-Key, or wait for its position on a member.',
  ),
  index_building: entry(
    503,
    'The index is still being built on this node.',
    'Try again after Retry-After seconds; nothing was written. GET /v1/collections shows how far it is.',
  ),
  outcome_unknown: entry(
    503,
    'The write failed half-way; it may or may not be there.',
    'Retry with the same Idempotency-Key, or read first.',
  ),
  fenced: entry(
    503,
    'This node has led, and may not write now: it has promised to let another one lead, or has a rival.',
    'Nothing was written. Try again: soon another node leads, or this one again; /v1/status says which.',
  ),
  leader_unavailable: entry(
    503,
    'The leader cannot be reached; whether the write arrived is not known.',
    'Retry with the same Idempotency-Key.',
  ),
  leader_refused: entry(
    503,
    'This follower has stopped following its leader, whose history is not its own.',
    'See /healthz of this node for the reason; write to the leader itself if it is the right one.',
  ),
  too_stale: entry(
    503,
    'This node is not known to be as fresh as was asked for.',
    'Ask for less, wait longer, or read from the leader.',
  ),
  wait_timeout: entry(504, 'This node has not reached the position in time.', 'Wait longer, or read from the leader.'),
  storage_full: entry(
    507,
    'The disk of this node is full; nothing was written.',
    'Free space; writes resume by themselves.',
  ),
} as const;

export type ErrorCode = keyof typeof ERRORS;

const brand = Symbol.for('skein.error');

/** A refusal or failure with a stable code. Recognise it with `isSkeinError`, across copies of the package too. */
export class SkeinError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, detail?: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(detail ?? ERRORS[code].title, cause === undefined ? undefined : { cause });
    this.name = 'SkeinError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export function isSkeinError(error: unknown, code?: ErrorCode): error is SkeinError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || (error as SkeinError).code === code;
}
