import { LIMITS, ROLES } from '@skein/protocol';
import { EXAMPLE } from './examples.ts';
import type { Keywords } from './shape.ts';

interface HeaderText {
  readonly description: string;
  readonly schema: Keywords;
  readonly example?: unknown;
}

const TEXT: Keywords = { type: 'string' };
const NUMBER: Keywords = { type: 'integer', minimum: 0 };

/** Headers a request may have, by what the document calls them; those that are one header mean different things in different places. */
export const REQUEST_HEADERS = {
  minPosition: {
    name: 'Skein-Min-Position',
    description:
      'Answer only once this position is here, so that a client reads its own writes on any node: what a write answered as `Skein-Position`, or an offset. It is waited for up to `Prefer: wait=S`, 5 seconds unless given.',
    schema: TEXT,
    example: EXAMPLE.position,
  },
  preferOfReads: {
    name: 'Prefer',
    description:
      '`wait=S` beside `Skein-Min-Position` or `max-staleness`: how many seconds that may take. `max-staleness=S`: nothing older than so many seconds.',
    schema: TEXT,
    example: 'max-staleness=2; wait=10',
  },
  preferOfWrites: {
    name: 'Prefer',
    description:
      '`replicas=N; wait=S`: answer once N other members have the write durably, in S seconds at most (5 unless given). `no-forward`: a follower is not to pass the write on to its leader.',
    schema: TEXT,
    example: 'replicas=1; wait=10',
  },
  ifMatch: {
    name: 'If-Match',
    description: 'Write only if the document is at one of these versions, each in quotes; `*`: only if it exists.',
    schema: TEXT,
    example: EXAMPLE.etag,
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    description: 'Write only if the document is at none of these versions; `*`: only if it does not exist.',
    schema: TEXT,
    example: '*',
  },
  ifNoneMatchOfReads: {
    name: 'If-None-Match',
    description: 'Versions the client has, each in quotes: the answer is 304 while the document is at one of them.',
    schema: TEXT,
    example: EXAMPLE.etag,
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    description: `A name for this very request, 1 to ${LIMITS.idempotencyKeyCharsMax} visible ASCII characters. Sent again under it within ${LIMITS.idempotencyHoursKept} hours, the request is answered as it was the first time and writes nothing.`,
    schema: { type: 'string', minLength: 1, maxLength: LIMITS.idempotencyKeyCharsMax },
    example: '8d0c1e4e-5b0f-4d43-9d2c-6f1d0c9a7f11',
  },
  traceparent: {
    name: 'traceparent',
    description: 'W3C Trace Context; carried in the lines of the change feed.',
    schema: TEXT,
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  follower: {
    name: 'Skein-Follower',
    description: 'The name under which the reader is remembered, and the log kept for it.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    example: 'reporting-1',
  },
  applied: {
    name: 'Skein-Applied',
    description: 'What the reader has durably: an acknowledgement, beside `Skein-Follower`.',
    schema: TEXT,
    example: EXAMPLE.position,
  },
  log: {
    name: 'Skein-Log',
    description: 'The log the reader believes it follows; another one is refused with `other_log`.',
    schema: TEXT,
    example: EXAMPLE.log,
  },
  question: {
    name: 'Skein-Question',
    description: 'A name for this question, which the answer repeats.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    example: 'q-17',
  },
  lastEventId: {
    name: 'Last-Event-ID',
    description: 'Of a stream of events only: where it goes on. Wins over `since`. Browsers send it by themselves.',
    schema: TEXT,
    example: EXAMPLE.position,
  },
} as const satisfies Readonly<Record<string, HeaderText & { readonly name: string }>>;

export type RequestHeader = keyof typeof REQUEST_HEADERS;

/** Headers of answers, under their own names. */
export const ANSWER_HEADERS = {
  'Skein-Role': { description: 'What the node that answers is.', schema: { enum: [...ROLES] } },
  'Skein-Node': { description: 'The id of the node that answers.', schema: TEXT, example: 'leader-1' },
  'Skein-Epoch': {
    description: 'The epoch of its head; not there while a follower has no log yet.',
    schema: TEXT,
    example: EXAMPLE.epoch,
  },
  'Skein-Position': {
    description:
      'The position of the last change of this write, to be given as `Skein-Min-Position`; of a snapshot, its own.',
    schema: TEXT,
    example: EXAMPLE.position,
  },
  ETag: { description: 'The version of the document, in quotes.', schema: TEXT, example: EXAMPLE.etag },
  'Idempotent-Replayed': {
    description: '`true` when an earlier request with this Idempotency-Key had done it.',
    schema: { const: 'true' },
  },
  'Preference-Applied': {
    description: 'How many members were waited for, where that was asked.',
    schema: TEXT,
    example: 'replicas=1',
  },
  'Skein-Next': { description: 'What to give as `since` next.', schema: TEXT, example: EXAMPLE.position },
  'Skein-Head': { description: 'The newest durable offset.', schema: NUMBER, example: EXAMPLE.offset },
  'Skein-Tail': { description: 'The oldest offset that is kept.', schema: NUMBER, example: 200 },
  'Skein-Up-To-Date': {
    description: 'Whether the page ends at the head.',
    schema: { enum: ['true', 'false'] },
    example: 'true',
  },
  'Skein-Log': { description: 'The id of the log.', schema: TEXT, example: EXAMPLE.log },
  'Skein-Upstream': {
    description: 'Of a follower: the nodes it follows, nearest first.',
    schema: TEXT,
    example: 'b,leader-1',
  },
  'Skein-Lag-Changes': {
    description: 'Of a follower: how many changes its head is behind the leader; `unknown` where it does not know.',
    schema: TEXT,
    example: '0',
  },
  'Skein-Lag-Ms': {
    description:
      'Of a follower: how many milliseconds ago its head was all there was; `unknown` where it does not know.',
    schema: TEXT,
    example: '5230',
  },
  'Skein-Push-Key': {
    description:
      'What the leader signs with that it pushes through a broker: an Ed25519 key, made anew when it begins to lead. A follower passes on the key of its leader.',
    schema: TEXT,
  },
  'Skein-Leader': { description: 'Where writes go.', schema: TEXT, example: 'http://10.0.0.5:7400' },
  Allow: { description: 'The methods that the path takes.', schema: TEXT, example: 'GET, HEAD' },
  'Retry-After': { description: 'Seconds after which to ask again.', schema: NUMBER, example: 1 },
} as const satisfies Readonly<Record<string, HeaderText>>;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** What every answer says of the node that gives it. */
export const EVERY_ANSWER: readonly AnswerHeader[] = ['Skein-Role', 'Skein-Node', 'Skein-Epoch'];
