import type { Clock, Store } from '@skein/core';
import type { Health, Role } from '@skein/protocol';
import type { LogBounds } from '@skein/replication';

/** What these plugins need of the node they serve, whatever its role. */
export interface ServedNode {
  readonly role: Role;
  readonly store: Store;
  readonly clock: Clock;
  /** The version of Skein. */
  readonly version: string;
  /** Set while the node is going down; parked requests are answered and no new ones park. */
  readonly stopping: AbortSignal;
  health(): Health;
  /** Whether traffic should be sent here, and if not, why. */
  readiness(): { readonly ready: boolean; readonly reason: string | null };
  /** What /v1/status says of the role, beside what it says of every node. */
  statusOfRole(): Readonly<Record<string, unknown>>;
}

/** The bounds of a node's log for the planners; undefined while a follower does not know which log it will hold. */
export function boundsOf({ facts }: Store): LogBounds | undefined {
  const { identity, history, head, tail } = facts;
  return identity.log === null ? undefined : { log: identity.log, history, head, tail };
}
