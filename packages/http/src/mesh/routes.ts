import type { MergeChange } from '@skein/core';
import { formatPosition, HEADERS, MEDIA_TYPES, SkeinError } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { NO_QUERY } from '../request.ts';
import type { MergeCounts, RoleAddition } from '../role-addition.ts';
import { mergeChangesOf } from './merge-changes.ts';

/** A line with the largest value that a node can be told to take. */
const BODY_BYTES_MAX = 17 * 1024 * 1024;

/**
 * POST /v1/mesh/changes: lines of another node's log, each decided against what is here. Every node serves it; one that is
 * not of a mesh says so.
 */
export function meshRoutes(app: FastifyInstance, merge: RoleAddition['merge']): void {
  app.register(async (scope) => {
    scope.addContentTypeParser(MEDIA_TYPES.ndjson, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const options = { schema: { querystring: NO_QUERY }, bodyLimit: BODY_BYTES_MAX };
    scope.post('/v1/mesh/changes', options, async (request, reply) => {
      if (merge === undefined)
        throw new SkeinError(
          'unknown_path',
          'this is no node of a mesh, which alone takes changes that others have made',
        );
      const counts = await merge(changesIn(request.body));
      return reply.header(HEADERS.position, formatPosition(counts.position)).send(answerOf(counts));
    });
  });
}

function changesIn(body: unknown): readonly MergeChange[] {
  if (Buffer.isBuffer(body)) return mergeChangesOf(body);
  throw new SkeinError('unsupported_media_type', `send lines as ${MEDIA_TYPES.ndjson}`);
}

function answerOf({ taken, known, passedOver, quarantined, conflicts, position }: MergeCounts) {
  return { taken, known, passed_over: passedOver, quarantined, conflicts, position: formatPosition(position) };
}
