import { ERRORS, type ErrorCode } from '@skein/protocol';
import { z } from 'zod';
import { EXAMPLE } from './examples.ts';
import { shape } from './shape.ts';

/** Refusals that no operation can rule out. */
export const ANY_REQUEST: readonly ErrorCode[] = [
  'bad_request',
  'bad_path',
  'unknown_path',
  'method_not_allowed',
  'origin_refused',
  'request_timeout',
  'internal',
  'corrupt',
];

/** Never sent over HTTP: why a node does not start. */
export const NEVER_SENT: readonly ErrorCode[] = ['wrong_data'];

export const SENT_CODES: readonly ErrorCode[] = (Object.keys(ERRORS) as ErrorCode[]).filter(
  (code) => !NEVER_SENT.includes(code),
);

/** Of every operation: its query is held to what is listed. */
export const ANY_QUERY = ['bad_query'] as const satisfies readonly ErrorCode[];

/** Of what may be waited for, by a position or by age. */
export const READS = [
  'bad_query',
  'bad_header',
  'bad_position',
  'write_lost',
  'starting',
  'stopping',
  'too_stale',
  'wait_timeout',
] as const satisfies readonly ErrorCode[];

/** Of a node that is asked where something is on its log. */
export const HISTORY = [
  'bad_position',
  'ahead',
  'diverged',
  'other_log',
  'compacted',
] as const satisfies readonly ErrorCode[];

/** Of what is written, whatever it is. */
export const WRITES = [
  'bad_query',
  'bad_header',
  'bad_collection',
  'reserved_collection',
  'incomplete_body',
  'ahead',
  'diverged',
  'other_log',
  'not_leader',
  'overloaded',
  'fenced',
  'leader_refused',
  'leader_unavailable',
  'outcome_unknown',
  'starting',
  'stopping',
  'under_replicated',
  'storage_full',
] as const satisfies readonly ErrorCode[];

/** Of what comes with a body of JSON. */
export const BODIES = [
  'bad_json',
  'bad_number',
  'too_deep',
  'incomplete_body',
  'too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];

/** Of what changes documents that a definition may hold for. */
export const DOCUMENTS = [
  ...WRITES,
  'bad_key',
  'precondition_failed',
  'idempotency_mismatch',
  'compacted',
  'invalid_document',
  'not_unique',
  'index_building',
] as const satisfies readonly ErrorCode[];

const text = z.string();
const count = z.int().nonnegative();
export const violation = z.object({ path: text, rule: text, message: text });

export const problem = shape(
  'Problem',
  z.object({
    type: text,
    title: text,
    status: z.int().min(400).max(599),
    detail: text,
    code: z.enum(SENT_CODES),
    errors: z.array(z.object({ path: text, message: text })).optional(),
    retryAfterSeconds: count.optional(),
    leader: text.optional(),
    reason: text.optional(),
    collection: text.optional(),
    key: text.optional(),
    version: text.nullable().optional(),
    operation: count.optional(),
    line: z.int().positive().optional(),
    count: count.optional(),
    position: text.optional(),
    replicas: count.optional(),
    wanted: count.optional(),
    limit: count.optional(),
    violations: z.array(violation).optional(),
    index: text.optional(),
    looked: count.optional(),
    documents: count.optional(),
    broken: count.optional(),
    examples: z.array(z.object({ key: text, violations: z.array(violation) })).optional(),
    log: text.nullable().optional(),
    epoch: text.nullable().optional(),
    head: text.optional(),
    tail: z.int().positive().optional(),
    fork: count.optional(),
    snapshot: text.optional(),
    counter: z.int().positive().optional(),
    to: text.optional(),
    promote: text.optional(),
    mayBeLost: z.object({ after: text, upTo: count.nullable(), members: z.array(text) }).optional(),
  }),
  'A refusal: RFC 9457 problem details. Programs go by `code`, which is stable; which of the other members there are depends on it.',
  {
    type: '`urn:skein:error:` and the code.',
    title: 'What the code means.',
    detail: 'What is the matter with this request.',
    code: 'What a program looks at.',
    errors: 'Of bad_query, bad_body and bad_definition: all that is wrong.',
    leader: 'Where writes go.',
    key: 'The document that is meant; of not_unique the other one.',
    reason: 'Of bad_line and leader_refused: the code of what is behind it.',
    version: 'Of precondition_failed: the version the document is at; null when it is not there.',
    operation: 'Of a transaction: which of its operations is refused, from 0.',
    line: 'Of lines that are sent: which one is refused, from 1.',
    count: 'Of what is done in groups: how many documents had been done.',
    position: 'Of the last change that was committed.',
    violations: 'Of invalid_document: each thing about the document that its definition does not allow.',
    index: 'Of not_unique and index_building: the name of the index.',
    examples: 'Of definition_broken: the first documents that break it.',
    head: 'The position at which the log of this node ends.',
    tail: 'The oldest offset that is kept.',
    fork: 'Of diverged: an offset up to which the histories may agree.',
    snapshot: 'Of compacted: where the documents are; of snapshot_gone: the position that was asked for.',
    promote: 'Of promotion_refused: the address of the member to promote instead.',
    mayBeLost: 'Of promotion_refused: what may be lost with acceptLoss.',
  },
);

type Extra = Readonly<Record<string, unknown>> & { readonly detail: string };

const facts = { log: EXAMPLE.log, epoch: EXAMPLE.epoch, head: EXAMPLE.position, tail: 200 };
const order = { collection: 'orders', key: 'o-1' };

/** What is said beside the title, by code; as in the code itself, the title is the detail where there is nothing to add. */
const EXTRAS: { readonly [Code in ErrorCode]?: Extra } = {
  bad_json: { detail: 'the body is not JSON: Unexpected token \'o\', "oops" is not valid JSON' },
  bad_body: { detail: 'text: Invalid input', errors: [{ path: 'text', message: 'Invalid input' }] },
  bad_query: {
    detail: 'limit: is not a whole number from 1 to 5000',
    errors: [{ path: 'limit', message: 'is not a whole number from 1 to 5000' }],
  },
  bad_header: { detail: 'max-staleness takes seconds, such as max-staleness=5' },
  bad_collection: { detail: '"my orders" is not a collection name' },
  reserved_collection: { detail: "'$epochs' belongs to the system" },
  not_confirmed: { detail: 'say ?confirm=orders to delete all of it: it is not given' },
  bad_position: { detail: "'yesterday' is not a position" },
  bad_version: { detail: "'7' is not a version" },
  bad_record: { detail: 'line 3: it has no stamp', line: 3 },
  bad_line: {
    detail: 'line 1205: key: Invalid input',
    reason: 'bad_body',
    line: 1205,
    count: 1000,
    position: EXAMPLE.position,
  },
  unknown_index: { detail: 'orders has no index "by-date"' },
  method_not_allowed: { detail: 'POST is not served here; GET, HEAD, PUT, PATCH, DELETE are' },
  unknown_path: { detail: 'nothing is served at GET /v2' },
  wrong_type: { detail: 'increment needs a number; the document is a string', ...order },
  not_unique: { detail: '"o-7" is the same by the index by-number', index: 'by-number', key: 'o-7' },
  definition_broken: {
    detail: '1 of 4 documents break it',
    position: EXAMPLE.position,
    documents: 4,
    broken: 1,
    examples: [{ key: 'o-3', violations: [{ path: '/total', rule: 'minimum', message: 'must be >= 0' }] }],
  },
  ahead: { detail: 'this log ends at 1042', ...facts },
  diverged: { detail: 'the histories may agree up to offset 1040; this log ends at 1042', ...facts, fork: 1040 },
  other_log: { detail: `this is log ${EXAMPLE.log}`, ...facts },
  compacted: { detail: 'changes before 200 are no longer kept', ...facts, snapshot: '/v1/snapshot' },
  snapshot_gone: { detail: ERRORS.snapshot_gone.title, snapshot: EXAMPLE.position },
  promise_refused: { detail: 'epoch 4 cannot be promised: 4 is promised to b', counter: 4, to: 'b' },
  promotion_refused: {
    detail: 'too few members have promised: 1 of 2',
    mayBeLost: { after: EXAMPLE.earlier, upTo: 1042, members: ['http://10.0.0.6:7400'] },
  },
  precondition_failed: { detail: `the document is at version ${EXAMPLE.version}`, ...order, version: EXAMPLE.version },
  write_lost: { detail: ERRORS.write_lost.title, head: EXAMPLE.position },
  too_large: { detail: 'the body is over 1048576 bytes', limit: 1048576 },
  unsupported_media_type: { detail: 'this path takes JSON as application/json, not text/plain' },
  not_leader: { detail: 'writes go to http://10.0.0.5:7400', leader: 'http://10.0.0.5:7400' },
  invalid_document: {
    detail: '/total must be >= 0',
    violations: [{ path: '/total', rule: 'minimum', message: 'must be >= 0' }],
  },
  overloaded: { detail: 'too many writes are waiting', retryAfterSeconds: 1 },
  starting: { detail: 'this follower has not reached its leader yet', retryAfterSeconds: 1 },
  under_replicated: {
    detail: 'committed here; 0 of 1 members have it',
    position: EXAMPLE.position,
    replicas: 0,
    wanted: 1,
  },
  index_building: {
    detail: 'the index by-customer of orders is being built: 200000 documents so far',
    retryAfterSeconds: 1,
    index: 'by-customer',
    looked: 200000,
  },
  fenced: { detail: 'this node has promised epoch 4 to b', retryAfterSeconds: 1 },
  leader_unavailable: {
    detail: 'the leader at http://10.0.0.5:7400 did not answer (connection refused)',
    leader: 'http://10.0.0.5:7400',
    retryAfterSeconds: 1,
  },
  leader_refused: {
    detail: 'nothing was written: this log ends at 12',
    leader: 'http://10.0.0.5:7400',
    reason: 'ahead',
  },
  too_stale: { detail: 'this node has not come so far in time', retryAfterSeconds: 1 },
  wait_timeout: { detail: ERRORS.wait_timeout.title, head: EXAMPLE.earlier },
  storage_full: { detail: ERRORS.storage_full.title, retryAfterSeconds: 5 },
};

/** What a refusal with that code looks like. */
export function problemExample(code: ErrorCode): Readonly<Record<string, unknown>> {
  const { title, status } = ERRORS[code];
  const { detail, ...more } = EXTRAS[code] ?? { detail: title };
  return { type: `urn:skein:error:${code}`, title, status, detail, code, ...more };
}
