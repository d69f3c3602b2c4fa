import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** A client that goes on sending for longer than this after its answer loses the connection. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A client that is answered in the middle of its body, as most refusals do, still sends the rest of it. Left alone, that
 * would stand before the next request of the connection for ever; and closing the connection on it would reset it under
 * the answer. So it is read and thrown away.
 */
export function discardUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.destroyed) discard(raw);
    done();
  });
}

function discard(request: IncomingMessage): void {
  let bytes = 0;
  request.unpipe();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) request.destroy();
  });
  request.resume();
}
