import { HEADERS } from '@skein/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Commits } from './commits.ts';
import { maxStalenessHook } from './max-staleness.ts';
import { minPositionHook } from './min-position.ts';
import type { ServedNode } from './node.ts';

/** Holds a read back for what it asks for, by a position or by a bound on its age; most ask for neither, and wait for nothing. */
export function readGate(node: ServedNode, commits: Commits) {
  const hasPosition = minPositionHook(node, commits);
  const isNewEnough = maxStalenessHook(node, commits);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.headers[HEADERS.minPosition] !== undefined) await hasPosition(request, reply);
    if (request.headers['prefer'] !== undefined) await isNewEnough(request, reply);
  };
}
