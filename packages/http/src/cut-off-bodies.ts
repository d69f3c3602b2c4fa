import type { Socket } from 'node:net';
import { MEDIA_TYPES, SkeinError } from '@skein/protocol';
import { problemBody } from './problem.ts';

/**
 * A client that closes its sending half in the middle of a body can still read an answer. Whoever is reading such a body
 * registers here, and gets to say what became of it; for everyone else the connection is answered and closed.
 */
const readers = new WeakMap<Socket, (error: SkeinError) => void>();

export function onBodyCutOff(socket: Socket, listener: (error: SkeinError) => void): () => void {
  readers.set(socket, listener);
  return () => readers.delete(socket);
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
  const problem = isCutOff ? new SkeinError('incomplete_body') : new SkeinError('bad_request');
  const body = problemBody(problem);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: ${MEDIA_TYPES.problem}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
