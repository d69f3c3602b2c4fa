import type { Document } from '@skein/core';
import { formatEtag, MEDIA_TYPES, parseEtagList, SkeinError } from '@skein/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { headerOf } from '../request.ts';

/** A document read alone: its bare value, under the ETag of its version. */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: Document | undefined,
): FastifyReply {
  if (document === undefined) throw new SkeinError('not_found');
  reply.header('etag', formatEtag(document.version));
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifNoneMatch !== undefined) {
    const versions = parseEtagList(ifNoneMatch);
    if (versions === '*' || versions.includes(document.version)) return reply.code(304).send();
  }
  return reply.header('content-type', MEDIA_TYPES.json).send(document.valueBytes);
}
