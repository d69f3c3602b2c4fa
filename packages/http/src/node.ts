import { setMaxListeners } from 'node:events';
import type { Clock, Store } from '@skein/core';
import { SkeinError, type Health, type Role } from '@skein/protocol';
import type { Lag, LogBounds } from '@skein/replication';

/** What a node knows of the one it follows. */
interface Following {
  /** Ids of the nodes on the way to the leader, nearest first; null while that is not known. */
  path(): readonly string[] | null;
  /** How far this node's log up to an offset is behind that of the node that takes writes. */
  lagAt(offset: number): Lag;
  /** As of when the log up to an offset was all that had been written, by this node's clock; null when that is not proven. */
  asOfMs(offset: number): number | null;
  /** Asks where the log ends, at some time or later, which proves that; rejects when there is no answer. */
  refresh(sinceMs: number): Promise<void>;
  /** Calls whenever it has heard that all there is is here, and nothing had to be applied for that. */
  onUpToDate(listener: () => void): void;
}

/** For the time until a node stops: everything in it listens to that. */
export function untilStopped(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** What these plugins need of the node they serve, whatever its role. */
export interface ServedNode {
  readonly role: Role;
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The version of Skein. */
  readonly version: string;
  /** Set while the node is going down; parked requests are answered and no new ones park. */
  readonly stopping: AbortSignal;
  /** Its log for the planners; undefined while a follower does not know which log it will hold. */
  bounds(): LogBounds | undefined;
  /** A leader follows none. */
  readonly following?: Following;
  health(): Health;
  /** Whether traffic should be sent here, and if not, why. */
  readiness(): { readonly ready: boolean; readonly reason: string | null };
  /** What the leader signs with that it pushes, for who is to know it as the leader's; null where that is not known. */
  pushKey?(): string | null;
  /** Forgets a node that does not follow this one, and will not come back. Whether it knew it. */
  forget?(node: string): Promise<boolean>;
  /** What /v1/status says of the role, beside what it says of every node. */
  statusOfRole(): Readonly<Record<string, unknown>>;
}

/** The bounds of a store's log; undefined before it has any of it, though it may know which one it is to have. */
export function boundsOf({ facts }: Store): LogBounds | undefined {
  const { identity, history, head, tail } = facts;
  return identity.log === null || history.length === 0 ? undefined : { log: identity.log, history, head, tail };
}

/** The same for what cannot be answered without. */
export function requireBounds(node: ServedNode): LogBounds {
  const bounds = node.bounds();
  if (bounds !== undefined) return bounds;
  throw new SkeinError('starting', 'this follower has not reached its leader yet', { retryAfterSeconds: 1 });
}
