import type { Store } from '@skein/core';
import { HEADERS, parsePosition, SkeinError } from '@skein/protocol';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';

/**
 * Refuses writes that are meant for another history than is written here. A follower that passes them on says which log it
 * has and how far, and may not have noticed yet that its leader lost that, or is another one.
 */
export function onlyMeantHere(store: Store): onRequestHookHandler {
  return (request, _reply, done) => {
    if (request.headers[HEADERS.log] === undefined) return done();
    try {
      assertMeantHere(request, store);
    } catch (error) {
      return done(error as Error);
    }
    done();
  };
}

function assertMeantHere({ headers }: FastifyRequest, { facts }: Store): void {
  const { identity, head } = facts;
  if (headers[HEADERS.log] !== identity.log)
    throw new SkeinError('other_log', `nothing was written: this is log ${identity.log}`, { log: identity.log });
  const applied = headers[HEADERS.applied];
  if (typeof applied === 'string' && parsePosition(applied).offset > head.offset)
    throw new SkeinError('ahead', `nothing was written: this log ends at ${head.offset}`, { head: head.offset });
}
