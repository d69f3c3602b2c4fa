import type { Committed, Document } from '@skein/core';
import { formatEtag, formatPosition, HEADERS, MEDIA_TYPES } from '@skein/protocol';
import type { FastifyReply } from 'fastify';

/** The answer to a write of one document. An operator's says the new value too. */
export function sendWritten(
  reply: FastifyReply,
  committed: Committed,
  options: { readonly withValue: boolean },
): FastifyReply {
  const change = committed.changes[0]!;
  const position = formatPosition(committed.position);
  if (change.valueText !== undefined) reply.header('etag', formatEtag(change.version));
  const value = options.withValue ? `,"value":${change.valueText}` : '';
  const body = `{"key":${JSON.stringify(change.key)},"version":"${change.version}","position":"${position}"${value}}`;
  return sendCommitted(reply, committed, position, change.created ? 201 : 200, body);
}

export function sendTransaction(reply: FastifyReply, committed: Committed): FastifyReply {
  const results = committed.changes.map(({ collection, key, version }) => ({ collection, key, version }));
  const position = formatPosition(committed.position);
  return sendCommitted(reply, committed, position, 200, JSON.stringify({ position, results }));
}

function sendCommitted(
  reply: FastifyReply,
  { replayed }: Committed,
  position: string,
  status: number,
  body: string,
): FastifyReply {
  if (replayed) reply.header(HEADERS.idempotentReplayed, 'true');
  return reply.code(status).header('content-type', MEDIA_TYPES.json).header(HEADERS.position, position).send(body);
}

/** A document of a page; its value is passed on as the text that was stored. */
export function documentText({ key, version, valueBytes }: Document): string {
  return `{"key":${JSON.stringify(key)},"version":"${version}","value":${valueBytes.toString()}}`;
}
