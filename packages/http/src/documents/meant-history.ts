import type { Store } from '@skein/core';
import { HEADERS, parsePosition } from '@skein/protocol';
import { planPage } from '@skein/replication';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { heldAt, refusalOf } from '../feed/refusal.ts';
import { boundsOf } from '../node.ts';
import { headerOf } from '../request.ts';

/**
 * Refuses writes that are meant for another history than the one that is written here, as the feed would refuse a reader of
 * that one. A follower that passes them on says which log it has and how far, and may not have noticed yet that its leader
 * lost that, or is another one.
 */
export function onlyForThisHistory(store: Store): onRequestAsyncHookHandler {
  return async (request) => {
    if (request.headers[HEADERS.log] !== undefined) await assertForThisHistory(request, store);
  };
}

async function assertForThisHistory(request: FastifyRequest, store: Store): Promise<void> {
  const bounds = boundsOf(store)!;
  const log = headerOf(request, HEADERS.log);
  const position = parsePosition(headerOf(request, HEADERS.applied) ?? '0');
  const since = { kind: 'position', position } as const;
  const plan = planPage({ since, log, mayWait: false }, bounds, await heldAt({ store }, since, bounds));
  // Whoever is so far behind that the log no longer tells may well be of this history.
  if (plan.kind !== 'page' && plan.kind !== 'wait' && plan.kind !== 'compacted') throw refusalOf(plan, bounds);
}
