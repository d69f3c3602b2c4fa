import type { FastifyReply } from 'fastify';

/** Names and values by turns, as Node takes them: an object made for each answer costs several times as much. */
export type HeaderList = readonly string[];

/** All that a request is told, before it is. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string | Buffer;
}

export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return addHeaders(reply, headers).code(status).send(body);
}

export function addHeaders(reply: FastifyReply, headers: HeaderList): FastifyReply {
  for (let i = 0; i < headers.length; i += 2) reply.header(headers[i]!, headers[i + 1]);
  return reply;
}
