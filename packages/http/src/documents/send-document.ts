import type { Document } from '@skein/core';
import { formatEtag, parseEtagList, SkeinError } from '@skein/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendAnswer } from '../answer.ts';
import { headerOf } from '../request.ts';
import { documentAnswer } from './answers.ts';

/** A document, unless the client has it already. */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: Document | undefined,
): FastifyReply {
  if (document === undefined) throw new SkeinError('not_found');
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifNoneMatch !== undefined) {
    const versions = parseEtagList(ifNoneMatch);
    if (versions === '*' || versions.includes(document.version))
      return reply.code(304).header('etag', formatEtag(document.version)).send();
  }
  return sendAnswer(reply, documentAnswer(document));
}
