import { SkeinError } from '@skein/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '../documents/parse-body.ts';
import { jsonBody, NO_QUERY } from '../request.ts';
import type { Membership } from './membership.ts';

export const promiseBody = z.strictObject({ counter: z.int().positive(), candidate: z.string() });
export const promoteBody = z.strictObject({ acceptLoss: z.boolean().default(false), from: z.url().optional() });
export const followBody = z.strictObject({ leader: z.url() });
export const emptyBody = z.strictObject({});

/**
 * GET /v1/member: how this node stands, for the other members. POST /v1/promises: a candidate asks for a promise. And what an
 * operator may do: promote, demote, follow.
 */
export function memberRoutes(app: FastifyInstance, membership: Membership): void {
  const schema = { querystring: NO_QUERY };
  app.get('/v1/member', { schema }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send(membership.describe()),
  );

  app.post('/v1/promises', { schema }, async (request, reply) => {
    const { counter, candidate } = parseBody(promiseBody, jsonBody(request));
    await membership.promise(counter, candidate);
    return reply.header('cache-control', 'no-store').send(membership.describe());
  });

  app.post('/v1/admin/promote', { schema }, async (request, reply) => {
    const { acceptLoss, from } = parseBody(promoteBody, bodyOf(request));
    const { epoch, position, ...done } = await membership.promote({ acceptLoss, from });
    return reply.send({ role: 'leader', epoch, offset: position.offset, ...done });
  });

  app.post('/v1/admin/demote', { schema }, async (request, reply) => {
    parseBody(emptyBody, bodyOf(request));
    await membership.demote();
    return reply.send({ role: 'follower' });
  });

  app.post('/v1/admin/follow', { schema }, async (request, reply) => {
    const { leader } = parseBody(followBody, jsonBody(request));
    const { protocol, origin } = new URL(leader);
    if (protocol !== 'http:') throw new SkeinError('bad_body', 'leader: is not an http:// address');
    await membership.follow(origin);
    return reply.send({ role: 'follower', leader: origin });
  });
}

/** Those that ask for nothing in particular need not have one. */
function bodyOf(request: FastifyRequest): unknown {
  return request.body === undefined ? {} : jsonBody(request);
}
