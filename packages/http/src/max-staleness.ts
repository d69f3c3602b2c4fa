import { SkeinError } from '@skein/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Commits } from './commits.ts';
import type { ServedNode } from './node.ts';
import { preferredStaleness, preferredWait } from './request.ts';

/** How long a read waits to be fresh enough when the client does not say. */
const WAIT_SECONDS_DEFAULT = 5;

/** An answer is forgotten when other content takes the place of what it was of; so it is asked again. */
const ASKED_EVERY_MS = 1000;

/**
 * Holds a read back until it shows all that had been written by `Prefer: max-staleness=S` seconds before it came, on any
 * node. No clocks are compared: a follower that does not know asks whom it follows, after the read has come.
 */
export function maxStalenessHook(node: ServedNode, commits: Commits) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const seconds = preferredStaleness(request);
    if (seconds === undefined || node.refresh === undefined) return;
    const { clock } = node;
    const asOfMs = clock.now() - seconds * 1000;
    const deadlineMs = clock.now() + (preferredWait(request) ?? WAIT_SECONDS_DEFAULT) * 1000;
    const isFresh = (): boolean => (node.servedAsOfMs?.(node.store.facts.head.offset) ?? -Infinity) >= asOfMs;
    while (!isFresh()) {
      const reason = await failureWithin(node, asOfMs, deadlineMs - clock.now());
      const end =
        reason === null ? await commits.until(isFresh, askAgainMs(deadlineMs - clock.now()), reply) : 'time-up';
      // Nobody waits for the answer any more, or nobody is to be asked.
      if (end === 'gone' || reply.raw.destroyed || node.stopping.aborted) throw new SkeinError('stopping');
      if (reason !== null || (end !== 'happened' && clock.now() >= deadlineMs)) throw tooStale(reason);
    }
  };
}

function askAgainMs(restMs: number): number {
  return Math.min(Math.max(restMs, 0), ASKED_EVERY_MS);
}

/** Why whom it follows could not be asked; null when that was answered. */
async function failureWithin(node: ServedNode, asOfMs: number, restMs: number): Promise<string | null> {
  const answered = new AbortController();
  const timeUp = node.clock.sleep(Math.max(restMs, 0), answered.signal).then(
    () => 'it has not answered in time',
    () => null,
  );
  const asked = node.refresh!(asOfMs).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const reason = await Promise.race([asked, timeUp]);
  answered.abort();
  return reason;
}

function tooStale(reason: string | null): SkeinError {
  const why = reason === null ? 'this node has not come so far in time' : `the leader could not be asked: ${reason}`;
  return new SkeinError('too_stale', why, { retryAfterSeconds: 1 });
}
