import { checkNodeId, HEADERS, parsePosition, SkeinError } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseBody } from '../documents/parse-body.ts';
import type { ServedNode } from '../node.ts';
import { headerOf, jsonBody, NO_QUERY } from '../request.ts';
import { assertHere } from './refusal.ts';
import type { SlotBook } from './slot-book.ts';

export const heartbeat = z.strictObject({ applied: z.string() });

/**
 * GET /v1/followers: who follows this node, and how far each is. PUT /v1/followers/{id}: a heartbeat and acknowledgement,
 * for those who do not give them with each question to the feed; the log is kept for whoever does. DELETE: it will not come
 * back, and the log need not be kept for it.
 */
export function followerRoutes(app: FastifyInstance, node: ServedNode, slots: SlotBook): void {
  const schema = { querystring: NO_QUERY };
  app.get('/v1/followers', { schema }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ followers: slots.describe() }),
  );

  app.put('/v1/followers/:id', { schema }, async (request, reply) => {
    const id = checkNodeId((request.params as { readonly id: string }).id);
    const position = parsePosition(parseBody(heartbeat, jsonBody(request)).applied);
    await assertHere(node, position, headerOf(request, HEADERS.log));
    await slots.seen(id, position);
    return reply.header('cache-control', 'no-store').send(slots.get(id));
  });

  app.delete('/v1/followers/:id', { schema }, async (request, reply) => {
    const id = checkNodeId((request.params as { readonly id: string }).id);
    const wasKnown = [await slots.forget(id), await node.forget?.(id)];
    if (!wasKnown.includes(true)) throw new SkeinError('not_found', `no follower is known as ${id}`);
    return reply.code(204).send();
  });
}
