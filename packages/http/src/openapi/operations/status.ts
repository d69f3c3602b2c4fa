import { healthSchema } from '@skein/protocol';
import { z } from 'zod';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY } from '../problems.ts';
import { shape } from '../shape.ts';
import { slot } from './feed.ts';

const id = z.string();
const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const role = z.enum(['leader', 'follower']);

const promised = z.object({ spent: count, outstanding: z.array(z.object({ counter: count, to: id })) });
const peer = z.object({
  url: id,
  node: id.nullable(),
  role: role.nullable(),
  epoch: id.nullable(),
  position: id.nullable(),
  heard_seconds_ago: seconds.nullable(),
});

const copying = z.object({
  step: z.enum(['copying', 'replaying', 'verifying']),
  documents: count,
  documents_total: count.nullable(),
  seconds_left: seconds.nullable(),
});

const replication = z.object({
  phase: z.enum(['starting', 'following', 'recovering', 'refused', 'stopped']),
  connected: z.boolean(),
  refusal: z.object({ code: id, detail: id }).nullable(),
  recovery: z
    .object({
      rung: z.enum(['compare', 'copy']),
      code: id,
      detail: id,
      attempts: z.int().positive(),
      copy: copying.nullable(),
    })
    .nullable(),
  last_recovery: z.object({ rung: id, offset: count, documents_moved: count, seconds }).nullable(),
  rescued: z
    .object({
      rescue: z.literal(1),
      log: id,
      node: id,
      epoch: id,
      replacedBy: id,
      fork: count,
      from: count,
      to: count,
      file: id,
    })
    .nullable(),
  circuit: z.enum(['closed', 'half-open', 'open']),
  page_size: count,
  last_error: id.nullable(),
});

const drift = z.object({
  compared_seconds_ago: seconds,
  offset: count,
  differing: count,
  more: z.boolean(),
  repaired: count,
  cost: z.object({ requests: count, hashes: count, documents: count }),
});

const status = shape(
  'Status',
  z.object({
    role,
    node: id,
    log: id.nullable(),
    epoch: id.nullable(),
    state: z.enum(['running', 'stopping']),
    store: z.enum(['ready', 'poisoned', 'recovering', 'corrupt', 'closed']),
    store_error: id.nullable(),
    healthy: z.boolean(),
    error: id.nullable(),
    head: z.object({ offset: count, ts: count.nullable() }),
    position: id,
    tail: z.int().positive(),
    applied: count,
    lag: z.object({ changes: count.nullable(), seconds: seconds.nullable() }),
    leadership: z.object({
      min_replicas: count,
      promised,
      rival: id.nullable(),
      asking: z.int().positive().nullable(),
      unfit: id.nullable(),
      peers: z.array(peer),
    }),
    outbox_drift: count.nullable(),
    followers: z.array(slot),
    scrub: z.object({ seconds_ago: seconds, documents: count, problems: count }).nullable(),
    versions: z.object({ skein: id, node: id, protocol: count }),
    uptime_seconds: seconds,
    members: z.array(z.object({ url: id, node: id.nullable(), counts: z.boolean() })).optional(),
    min_replicas: count.optional(),
    leader: z
      .object({
        url: id.nullable(),
        epoch: id.nullable(),
        head: count.nullable(),
        path: z.array(id).nullable(),
        reachable: z.boolean().nullable(),
        last_heard_seconds_ago: seconds.nullable(),
      })
      .optional(),
    replication: replication.optional(),
    drift: drift.nullable().optional(),
  }),
  'What a person asks first.',
  {
    log: 'The id of its log; null on a follower that has none yet.',
    store: 'Whether it takes writes.',
    head: 'The newest durable change.',
    position: 'The position of its head.',
    tail: 'The oldest offset that is kept.',
    applied: 'The newest offset it has durably.',
    lag: 'How far it is behind the node that takes writes; null where that is not known, never 0.',
    leadership: 'How it stands among the members, and what it last heard of them.',
    outbox_drift: 'The head minus what the slowest live follower has acknowledged.',
    scrub: 'The last time everything stored was read again; null before the first.',
    members: 'Of a leader: the other members, and whether their acknowledgements count.',
    min_replicas: 'Of a leader: how many members have to have a write before it is acknowledged.',
    leader: 'Of a follower: whom it follows.',
    replication: 'Of a follower: how it follows.',
    drift: 'Of a follower: what its last comparison with the leader found.',
  },
);

const health = shape('Health', healthSchema, 'How the node is. Null is not known, never 0.', {
  lag_seconds: 'The time since it was last known to be up to date; grows while there is no contact.',
  lag_changes: "The leader's head, as last heard, less what is applied.",
  last_sync: 'Of a leader the time of the last commit, of a follower when its leader last answered.',
  last_change_id: 'The offset of the head.',
  changes_applied: 'Since the start.',
  connected: 'The last request to the leader was answered, not too long ago.',
  outbox_drift: 'The head minus what the slowest live follower has acknowledged.',
  error_count: 'Failures since the start.',
  error: 'Why it is not healthy.',
});
const up = shape('Up', z.object({ status: z.literal('up') }), 'The process answers.');
const ready = shape(
  'Readiness',
  z.object({ status: z.enum(['ready', 'not ready']), reason: z.string().nullable() }),
  'Whether to send traffic here, and if not, why.',
);

const slotExample = {
  id: 'follower-1',
  applied: EXAMPLE.position,
  copying: null,
  lag_changes: 0,
  seen_seconds_ago: 0.4,
  state: 'live',
  refusal: null,
};
const ofEvery = {
  log: EXAMPLE.log,
  epoch: EXAMPLE.epoch,
  state: 'running',
  store: 'ready',
  store_error: null,
  healthy: true,
  error: null,
  head: { offset: EXAMPLE.offset, ts: EXAMPLE.ts },
  position: EXAMPLE.position,
  tail: 200,
  applied: EXAMPLE.offset,
  leadership: {
    min_replicas: 0,
    promised: { spent: 0, outstanding: [] },
    rival: null,
    asking: null,
    unfit: null,
    peers: [],
  },
  scrub: null,
  versions: { skein: '0.1.0', node: 'v24.11.0', protocol: 1 },
  uptime_seconds: 3600,
};
const leaderStatus = {
  role: 'leader',
  node: 'leader-1',
  ...ofEvery,
  lag: { changes: 0, seconds: 0 },
  members: [],
  min_replicas: 0,
  outbox_drift: 0,
  followers: [slotExample],
};
const followerStatus = {
  role: 'follower',
  node: 'follower-1',
  ...ofEvery,
  lag: { changes: 0, seconds: 0.3 },
  outbox_drift: null,
  followers: [],
  leader: {
    url: 'http://10.0.0.5:7400',
    epoch: EXAMPLE.epoch,
    head: EXAMPLE.offset,
    path: ['leader-1'],
    reachable: true,
    last_heard_seconds_ago: 0.3,
  },
  replication: {
    phase: 'following',
    connected: true,
    refusal: null,
    recovery: null,
    last_recovery: null,
    rescued: null,
    circuit: 'closed',
    page_size: 1000,
    last_error: null,
  },
  drift: null,
};
const healthExample = {
  healthy: true,
  role: 'leader',
  lag_seconds: 0,
  lag_changes: 0,
  last_sync: '2026-01-01T00:00:00.123Z',
  last_change_id: EXAMPLE.offset,
  changes_applied: 42,
  connected: true,
  outbox_drift: 0,
  error_count: 0,
  last_error: null,
  error: null,
};
const METRICS_TEXT =
  '# HELP skein_log_head_offset Newest durable offset.\n# TYPE skein_log_head_offset gauge\nskein_log_head_offset 1042\n';

export const statusOperations: Group = {
  tag: 'Status',
  description: 'How a node is. None of these waits for anything, and none is cached.',
  operations: [
    {
      id: 'getStatus',
      method: 'get',
      path: '/v1/status',
      summary: 'What a person asks first',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'Role, log, lag, followers, members.',
          content: {
            'application/json': { shape: status, examples: { leader: leaderStatus, follower: followerStatus } },
          },
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getHealth',
      method: 'get',
      path: '/healthz',
      summary: 'The full story of its health',
      query: query(NO_QUERY, {}),
      answers: [
        { status: 200, description: 'It is healthy.', content: json(health, healthExample) },
        {
          status: 503,
          description: 'It is not, and `error` says why.',
          content: json(health, {
            ...healthExample,
            healthy: false,
            role: 'follower',
            lag_seconds: 95.2,
            lag_changes: null,
            connected: false,
            outbox_drift: null,
            error_count: 7,
            last_error: 'connect ECONNREFUSED 10.0.0.5:7400',
            error: 'no contact with the leader for 95 s',
          }),
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getReadiness',
      method: 'get',
      path: '/readyz',
      summary: 'Whether to send traffic here',
      query: query(NO_QUERY, {}),
      answers: [
        { status: 200, description: 'Send it.', content: json(ready, { status: 'ready', reason: null }) },
        {
          status: 503,
          description: 'Send it elsewhere.',
          content: json(ready, { status: 'not ready', reason: 'the node is stopping' }),
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getLiveness',
      method: 'get',
      path: '/livez',
      summary: 'Whether the process answers',
      query: query(NO_QUERY, {}),
      answers: [{ status: 200, description: 'It does.', content: json(up, { status: 'up' }) }],
      errors: ANY_QUERY,
    },
    {
      id: 'getMetrics',
      method: 'get',
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'All metrics of the node.',
          content: text('text/plain', 'The text format of Prometheus.', METRICS_TEXT),
        },
      ],
      errors: ANY_QUERY,
    },
  ],
};
