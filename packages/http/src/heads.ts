import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/**
 * Every GET is answered to HEAD as well, by the same handler, with the headers alone. Fastify would read what is streamed to
 * its end for that, and a stream may be all of a collection.
 */
export function headsWithoutStreams(app: FastifyInstance): void {
  app.addHook('onSend', ({ method }, _reply, payload, done) => {
    if (method !== 'HEAD' || !(payload instanceof Readable)) return done(null, payload);
    payload.destroy();
    // It still has to be one: anything else would have a length.
    done(null, Readable.from([]));
  });
}
