import { MEDIA_TYPES, pageSchema } from '@skein/protocol';
import { z } from 'zod';
import { feedQuery } from '../../feed/feed-request.ts';
import { heartbeat } from '../../feed/followers.ts';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import type { AnswerHeader, RequestHeader } from '../headers.ts';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY, BODIES, HISTORY, READS } from '../problems.ts';
import { shape } from '../shape.ts';

const page = shape('ChangePage', pageSchema, 'Changes in the order of their offsets, and what to ask for next.', {
  log: 'The id of the log.',
  epoch: 'The epoch of its head.',
  since: 'Behind what the page begins.',
  next: 'What to give as `since` next; it advances also when nothing matched.',
  head: 'Where the log ends; `ts` is null for an empty one.',
  tail: 'The oldest offset that is kept.',
  upToDate: 'Whether the page ends at the head.',
  changes:
    'Each put or delete of a document. Those of one transaction have the same `tx`, and are never torn apart by a page. With `fields=keys` they have no `value`.',
});

export const slot = z.object({
  id: z.string(),
  applied: z.string(),
  copying: z.string().nullable(),
  lag_changes: z.int().nonnegative(),
  seen_seconds_ago: z.number().nonnegative().nullable(),
  state: z.enum(['live', 'lagging', 'lost']),
  refusal: z.string().nullable(),
});

const follower = shape('Follower', slot, 'What this node remembers of one that follows it.', {
  applied: 'The position it has durably.',
  copying: 'The position from which the log is kept for it while it makes a copy.',
  seen_seconds_ago: 'Null when it has not been heard of since this node started.',
  state: '`lagging` was not heard of for 30 seconds; `lost` needs what is not kept for it any longer.',
  refusal: 'Why the feed has nothing for it: `ahead`, `diverged` or `other_log`.',
});
const followers = shape(
  'Followers',
  z.object({ followers: z.array(slot) }),
  'Those that follow this node, in the order in which they were last seen.',
);
const heartbeatBody = shape('Heartbeat', heartbeat, 'What a follower has.', {
  applied: 'The position it has durably.',
});

const change = {
  offset: 1041,
  ts: EXAMPLE.ts,
  origin: 'leader-1',
  tx: 1042,
  collection: 'orders',
  key: 'o-1',
  op: 'put',
  value: EXAMPLE.order,
};
const deletion = {
  offset: 1042,
  ts: EXAMPLE.ts,
  origin: 'leader-1',
  tx: 1042,
  collection: 'carts',
  key: 'c-7',
  op: 'delete',
};
const head = { offset: EXAMPLE.offset, ts: EXAMPLE.ts };
const before = { log: EXAMPLE.log, epoch: EXAMPLE.epoch, since: EXAMPLE.earlier };
const after = { next: EXAMPLE.position, head, upToDate: true };
export const slotExample = {
  id: 'follower-1',
  applied: EXAMPLE.position,
  copying: null,
  lag_changes: 0,
  seen_seconds_ago: 0.4,
  state: 'live',
  refusal: null,
};

function lines(...values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

const feed = query(feedQuery, {
  since: {
    description:
      'Where to begin, exclusive: a position or an offset; `now` for the head; or a time of RFC 3339, for what was committed then or later.',
    example: EXAMPLE.earlier,
  },
  limit: {
    description: 'How many changes; a page overruns it to finish a transaction. Not for event streams.',
    default: 1000,
    example: 100,
  },
  wait: {
    description: 'How many seconds to wait for a change when there is none. Not for event streams.',
    default: 0,
    example: 25,
  },
  collections: { description: 'Only changes of these collections, comma between.', example: 'orders,carts' },
  prefix: { description: 'Only changes of keys that begin so.', example: 'o-' },
  fields: { description: '`keys`: each change less its value.' },
});
const feedHeaders: readonly RequestHeader[] = [
  'minPosition',
  'preferOfReads',
  'follower',
  'applied',
  'log',
  'question',
  'lastEventId',
];
const pageFacts: readonly AnswerHeader[] = [
  'Skein-Next',
  'Skein-Head',
  'Skein-Tail',
  'Skein-Up-To-Date',
  'Skein-Log',
  'Skein-Upstream',
  'Skein-Lag-Changes',
  'Skein-Lag-Ms',
  'Skein-Push-Key',
];
const feedErrors = [...READS, ...HISTORY, 'bad_collection', 'not_acceptable', 'overloaded'] as const;

export const feedOperations: Group = {
  tag: 'Change feed',
  description:
    'Every change in order, on every node: as pages that may be waited for, or as a stream of events. A node never answers an empty page where a change is missing.',
  operations: [
    {
      id: 'readChanges',
      method: 'get',
      path: '/v1/changes',
      summary: 'Read the change feed',
      description:
        'Keep `next`, and ask again with it as `since`. With `Accept: text/event-stream` the changes come as Server-Sent Events, each of them with the line of its change as `data`, and go on for about a minute; a reader comes back with its last id. `application/vnd.skein.records` is what followers speak: records as they are stored.',
      query: feed,
      headers: feedHeaders,
      answers: [
        {
          status: 200,
          description: 'A page; or a stream of events.',
          headers: pageFacts,
          content: {
            ...json(page, {
              ...before,
              next: EXAMPLE.position,
              head,
              tail: 200,
              upToDate: true,
              changes: [change, deletion],
            }),
            ...text(
              MEDIA_TYPES.ndjson,
              'A header line with `log`, `epoch`, `since`, `head` and `tail`; a line for each change; a trailer line with `next`, `head` and `upToDate`. Without its trailer a page was cut off.',
              lines({ ...before, head, tail: 200 }, change, deletion, after),
            ),
            ...text(
              MEDIA_TYPES.events,
              'Server-Sent Events. Each `id` is a position behind a whole transaction; `reset` is the last event of a reader whose place is not on the log any more.',
              `retry: 1250\nid: ${EXAMPLE.earlier}\n\ndata: ${JSON.stringify(change)}\n\ndata: ${JSON.stringify(deletion)}\nid: ${EXAMPLE.position}\n\n`,
            ),
            [MEDIA_TYPES.records]: { examples: {} },
          },
        },
      ],
      errors: feedErrors,
    },
    {
      id: 'lookAtChanges',
      method: 'head',
      path: '/v1/changes',
      summary: 'Ask whether a place is on the log',
      description: 'Answers at once, whatever `wait` says, and reads no page.',
      query: feed,
      headers: feedHeaders,
      answers: [
        {
          status: 200,
          description: 'It is, and what follows it is kept.',
          headers: ['Skein-Head', 'Skein-Tail', 'Skein-Log', 'Skein-Upstream'],
        },
      ],
      errors: feedErrors,
    },
    {
      id: 'listFollowers',
      method: 'get',
      path: '/v1/followers',
      summary: 'List who follows this node',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'The followers, and how far each is.',
          content: json(followers, { followers: [slotExample] }),
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'acknowledge',
      method: 'put',
      path: '/v1/followers/{id}',
      summary: 'Acknowledge what a reader has',
      description: 'A heartbeat and an acknowledgement in one. From then on the log is kept for the reader.',
      query: query(NO_QUERY, {}),
      headers: ['log'],
      body: { required: true, content: json(heartbeatBody, { applied: EXAMPLE.position }) },
      answers: [{ status: 200, description: 'What is remembered of it.', content: json(follower, slotExample) }],
      errors: [...ANY_QUERY, ...BODIES, ...HISTORY, 'bad_body', 'bad_header', 'starting'],
    },
    {
      id: 'forgetFollower',
      method: 'delete',
      path: '/v1/followers/{id}',
      summary: 'Forget a follower',
      description:
        'It will not come back, and the log need not be kept for it, nor, in a mesh, tombstones. Should it ask again, it is known again.',
      query: query(NO_QUERY, {}),
      answers: [{ status: 204, description: 'It is forgotten.' }],
      errors: [...ANY_QUERY, 'bad_header', 'not_found'],
    },
  ],
};
