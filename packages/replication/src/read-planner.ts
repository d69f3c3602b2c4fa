import { takesWrites, type Position, type Role, type Since } from '@skein/protocol';
import { placeOf, type LogBounds } from './place.ts';

export type ReadPlan = { readonly kind: 'ready' } | { readonly kind: 'wait' } | { readonly kind: 'lost' };

/** What a node may yet come to have. */
export interface Expected {
  readonly role: Role;
  /** Where its log ends once what it is writing is known to be durable. Readers may have seen that before. */
  readonly underWayTo: number;
}

/**
 * Whether a read that must see `min` may be answered now. What is above a leader's head is not in its history, unless it is
 * being written; a follower may simply not have it yet. Of an epoch above all that a node knows, a leader will hear too, and leads no longer then.
 */
export function planRead(
  min: Since,
  bounds: LogBounds,
  held: Position | undefined,
  { role, underWayTo }: Expected,
): ReadPlan {
  const place = placeOf(min, bounds, held);
  switch (place.kind) {
    case 'here':
    case 'compacted':
      return { kind: 'ready' };
    case 'ahead':
      return { kind: takesWrites(role) && offsetOf(min) > underWayTo ? 'lost' : 'wait' };
    case 'newer-epoch':
      return { kind: 'wait' };
    case 'diverged':
      return { kind: 'lost' };
    case 'other-log':
      // An empty follower has not learned which log it will hold.
      return { kind: role === 'follower' && bounds.head.offset === 0 ? 'wait' : 'lost' };
  }
}

function offsetOf(min: Since): number {
  if (min.kind === 'now') return 0;
  return min.kind === 'offset' ? min.offset : min.position.offset;
}
