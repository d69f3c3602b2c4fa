import { formatPosition } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import type { SlotBook } from '../feed/slot-book.ts';
import type { Membership } from '../members/membership.ts';
import type { DailyScrub } from './daily-scrub.ts';
import type { ServedNode } from '../node.ts';
import { NO_QUERY } from '../request.ts';

export interface StatusParts {
  readonly slots: SlotBook;
  readonly scrub: DailyScrub;
  readonly membership: Membership;
}

/** GET /v1/status: what a person asks first. */
export function statusRoute(app: FastifyInstance, node: ServedNode, parts: StatusParts): void {
  const startedAt = node.clock.now();
  app.get('/v1/status', { schema: { querystring: NO_QUERY } }, (_request, reply) => {
    return reply.header('cache-control', 'no-store').send(describe(node, parts, startedAt));
  });
}

function describe(
  node: ServedNode,
  { slots, scrub, membership }: StatusParts,
  startedAt: number,
): Readonly<Record<string, unknown>> {
  const { store } = node;
  const { healthy, error } = node.health();
  const { identity, history, head, headTs, tail } = store.facts;
  return {
    role: node.role,
    node: identity.node,
    log: identity.log,
    epoch: history.at(-1)?.epoch ?? null,
    state: node.stopping.aborted ? 'stopping' : 'running',
    store: store.state,
    store_error: store.failure,
    healthy,
    error,
    head: { offset: head.offset, ts: headTs },
    position: formatPosition(head),
    tail,
    ...node.statusOfRole(),
    leadership: membership.describeSet(),
    outbox_drift: slots.drift(head.offset),
    followers: slots.describe(),
    scrub: describeScrub(scrub, node.clock.now()),
    versions: { skein: node.version, node: process.version, protocol: 1 },
    uptime_seconds: Math.round((node.clock.now() - startedAt) / 1000),
  };
}

/** The last time everything was read again; null before the first. */
function describeScrub({ last }: DailyScrub, nowMs: number): Readonly<Record<string, unknown>> | null {
  if (last === null) return null;
  const { atMs, documents, problems } = last;
  return { seconds_ago: Math.round((nowMs - atMs) / 1000), documents, problems: problems.length };
}
