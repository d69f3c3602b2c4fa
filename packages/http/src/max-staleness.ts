import { leadingRefusal, type Clock } from '@skein/core';
import { SkeinError } from '@skein/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Commits } from './commits.ts';
import type { ServedNode } from './node.ts';
import { preferredStaleness, preferredWait } from './request.ts';

/** How long a read waits to be fresh enough when the client does not say. */
const WAIT_SECONDS_DEFAULT = 5;

/**
 * Holds a read back until it shows all that had been written by `Prefer: max-staleness=S` seconds before it came, on any
 * node. No clocks are compared: a follower that does not know asks whom it follows, after the read has come.
 */
export function maxStalenessHook(node: ServedNode, commits: Commits) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const seconds = preferredStaleness(request);
    const { clock, following, store } = node;
    if (seconds === undefined) return;
    // One that may not write is about to be no leader, and others may write already.
    const refusal = following === undefined ? leadingRefusal(store.facts) : undefined;
    if (refusal !== undefined) throw tooStale(refusal.message);
    if (following === undefined) return;
    const cameAtMs = clock.now();
    const deadlineMs = cameAtMs + (preferredWait(request) ?? WAIT_SECONDS_DEFAULT) * 1000;
    const wantedMs = cameAtMs - seconds * 1000;
    const isFresh = (): boolean => (following.asOfMs(store.facts.head.offset) ?? -Infinity) >= wantedMs;
    if (isFresh()) return;
    const reason = await failureWithin(following.refresh(wantedMs), clock, deadlineMs - clock.now());
    if (reason !== null) throw tooStale(`the leader could not be asked: ${reason}`);
    const end = await commits.until(isFresh, deadlineMs - clock.now(), reply);
    if (end === 'happened') return;
    throw end === 'gone' ? new SkeinError('stopping') : tooStale('this node has not come so far in time');
  };
}

/** Why a question was not answered; null when it was. */
async function failureWithin(asking: Promise<void>, clock: Clock, waitMs: number): Promise<string | null> {
  let cancel = (): void => undefined;
  const timeUp = new Promise<string>((resolve) => {
    cancel = clock.later(Math.max(waitMs, 0), () => resolve('it has not answered in time'));
  });
  const asked = asking.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const reason = await Promise.race([asked, timeUp]);
  cancel();
  return reason;
}

function tooStale(why: string): SkeinError {
  return new SkeinError('too_stale', why, { retryAfterSeconds: 1 });
}
