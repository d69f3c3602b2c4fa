import { formatPosition } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import type { SlotBook } from '../feed/slot-book.ts';
import type { ServedNode } from '../node.ts';
import { NO_QUERY } from '../request.ts';

/** GET /v1/status: what a person asks first. */
export function statusRoute(app: FastifyInstance, node: ServedNode, slots: SlotBook): void {
  const startedAt = node.clock.now();
  app.get('/v1/status', { schema: { querystring: NO_QUERY } }, (_request, reply) => {
    return reply.header('cache-control', 'no-store').send(describe(node, slots, startedAt));
  });
}

function describe(node: ServedNode, slots: SlotBook, startedAt: number): Readonly<Record<string, unknown>> {
  const { store } = node;
  const { identity, history, head, headTs, tail } = store.facts;
  return {
    role: node.role,
    node: identity.node,
    log: identity.log,
    epoch: history.at(-1)?.epoch ?? null,
    state: node.stopping.aborted ? 'stopping' : 'running',
    store: store.state,
    store_error: store.failure,
    head: { offset: head.offset, ts: headTs },
    position: formatPosition(head),
    tail,
    ...node.statusOfRole(),
    outbox_drift: slots.drift(head.offset),
    followers: slots.describe(),
    versions: { skein: node.version, node: process.version, protocol: 1 },
    uptime_seconds: Math.round((node.clock.now() - startedAt) / 1000),
  };
}
