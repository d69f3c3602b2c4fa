import { ROLES } from '@skein/protocol';
import { z } from 'zod';
import { EXAMPLE } from '../examples.ts';
import { shape } from '../shape.ts';
import { slot, slotExample } from './feed.ts';
import { heardEvents, meshStatusAnswer } from './mesh-status.ts';

const id = z.string();
const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const role = z.enum(ROLES);

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

const broker = z.object({ connected: z.boolean(), last_error: id.nullable(), failures: count });
const outbox = z.object({
  online: z.boolean(),
  pending: count,
  published: count,
  seq: count.nullable(),
  incarnation: id,
  last_flush: z.iso.datetime().nullable(),
  passed_over: count,
  left_out: count,
  cursor_in_memory: z.boolean(),
  last_error: id.nullable(),
});

export const status = shape(
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
    broker: broker.optional(),
    outbox: outbox.optional(),
    pushed: z.object({ taken: count, not_next: count, refused: count }).optional(),
    mesh: meshStatusAnswer.optional(),
    events: heardEvents.optional(),
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
    broker: 'Of a node with --mqtt-url: whether it is connected to the broker.',
    outbox: 'Of such a leader or node of a mesh: how far it is with telling the broker of its changes.',
    pushed: 'Of such a follower: what became of the records that the broker brought.',
    mesh: 'Of a node of a mesh: whom it hears, and what became of what it heard.',
    events: 'Of such a node with --mqtt-url: what became of the events that the broker brought.',
  },
);

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
export const leaderStatus = {
  role: 'leader',
  node: 'leader-1',
  ...ofEvery,
  lag: { changes: 0, seconds: 0 },
  members: [],
  min_replicas: 0,
  outbox_drift: 0,
  followers: [slotExample],
};
export const followerStatus = {
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
