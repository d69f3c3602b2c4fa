import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { MEDIA_TYPES, SkeinError } from '@skein/protocol';
import { problemBody } from './problem.ts';

/** Who is reading a body from a socket, and wants to know that no more of it will come. */
const readers = new WeakMap<Socket, (error: SkeinError) => void>();

/**
 * The body of a request as it arrives. A client that closes its sending half in the middle of it can still read an answer,
 * so whoever reads here gets all that came, then the refusal, and says what became of it; for everyone else the connection
 * is answered and closed.
 *
 * The bytes go through a stream of their own: a request that ends too early, or is not read to its end, destroys its
 * connection, and with it the way of the answer.
 */
export async function* chunksOf(body: Readable, socket: Socket): AsyncGenerator<Buffer> {
  const chunks = body.pipe(new PassThrough());
  // Once the request is answered, what is left of it is somebody else's to discard.
  chunks.once('unpipe', () => chunks.end());
  body.once('error', (error) => chunks.destroy(error));
  let cutOff: SkeinError | undefined;
  readers.set(socket, (error) => {
    cutOff = error;
    // What has arrived and was held back goes through the pipe, and then there is no more.
    body.read();
    chunks.end();
  });
  try {
    for await (const chunk of chunks) yield chunk as Buffer;
    if (cutOff !== undefined) throw cutOff;
  } finally {
    readers.delete(socket);
  }
}

/** Fastify's `clientErrorHandler`: what cannot be read as HTTP ends here. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const isCutOff = error.code === 'HPE_INVALID_EOF_STATE';
  const reader = readers.get(socket);
  if (isCutOff && reader !== undefined) {
    reader(new SkeinError('incomplete_body'));
    return;
  }
  const isTooSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const problem = new SkeinError(isCutOff ? 'incomplete_body' : isTooSlow ? 'request_timeout' : 'bad_request');
  const body = problemBody(problem);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: ${MEDIA_TYPES.problem}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
