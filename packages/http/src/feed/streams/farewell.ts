import { farewellEvent, isSkeinError, retryField, type Role } from '@skein/protocol';
import { isOnlyLate } from '@skein/replication';
import { problemBody } from '../../problem.ts';

/** Refusals that say what became of a reader's history. */
const OF_HISTORY: ReadonlySet<string> = new Set(['compacted', 'diverged', 'other_log', 'ahead']);

/** A browser comes back by itself with what it had: whoever has been told that this leads nowhere does so once a minute. */
const RESET_RETRY_MS = 60_000;

/** Those of a connection that breaks come back within this time, and not all in one moment. */
const BROKEN_RETRY_MS = [500, 2000] as const;

/** Nothing has happened to whoever is sent away for the sake of balance. */
const ENDED_RETRY_MS = [20, 200] as const;

type Random = () => number;

export function openingRetry(random: Random): string {
  return retryField(between(BROKEN_RETRY_MS, random));
}

export function endingRetry(random: Random): string {
  return `${retryField(between(ENDED_RETRY_MS, random))}\n`;
}

/** The last event of a stream whose reader cannot be served from its place; undefined for what is no reason to end it. */
export function farewellOf(error: unknown, role: Role, random: Random): string | undefined {
  if (!isSkeinError(error) || !OF_HISTORY.has(error.code)) return undefined;
  const problem = problemBody(error);
  return isOnlyLate(error.code, role)
    ? farewellEvent('behind', problem, between(BROKEN_RETRY_MS, random))
    : farewellEvent('reset', problem, RESET_RETRY_MS);
}

function between([low, high]: readonly [number, number], random: Random): number {
  return low + random() * (high - low);
}
