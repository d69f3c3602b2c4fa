import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** A client that goes on sending for longer than this after its answer loses the connection. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A client that is answered in the middle of its body, as most refusals do, still sends the rest of it. Left alone, that
 * would stand before the next request of the connection for ever; and closing the connection on it would reset it under
 * the answer. So it is read and thrown away.
 */
export function discardUnreadBodies(app: FastifyInstance): void {
  app.addHook('onSend', ({ raw }, reply, payload, done) => {
    if (!isUnread(raw)) return done(null, payload);
    // This connection will be closed behind the answer, so the rest of the body has to come before it.
    const isLast = raw.headers.connection?.toLowerCase() === 'close';
    if (isLast) return discard(raw, () => done(null, payload));
    reply.raw.once('finish', () => isUnread(raw) && discard(raw));
    done(null, payload);
  });
}

function isUnread(request: IncomingMessage): boolean {
  return !request.complete && !request.destroyed;
}

function discard(request: IncomingMessage, onEnd: () => void = () => undefined): void {
  let bytes = 0;
  request.unpipe();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) request.destroy();
  });
  finished(request, { writable: false }, onEnd);
  request.resume();
}
