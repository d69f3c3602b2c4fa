import type { Position, Role, Since } from '@skein/protocol';
import { placeOf, type LogBounds } from './place.ts';

export type ReadPlan = { readonly kind: 'ready' } | { readonly kind: 'wait' } | { readonly kind: 'lost' };

/**
 * Whether a read that must see `min` may be answered now. What is above a leader's head is not in its history; a follower may
 * simply not have it yet. Of an epoch above all that a node knows, a leader will hear too, and leads no longer then.
 */
export function planRead(min: Since, bounds: LogBounds, held: Position | undefined, role: Role): ReadPlan {
  const place = placeOf(min, bounds, held);
  switch (place.kind) {
    case 'here':
    case 'compacted':
      return { kind: 'ready' };
    case 'ahead':
      return { kind: role === 'leader' ? 'lost' : 'wait' };
    case 'newer-epoch':
      return { kind: 'wait' };
    case 'diverged':
      return { kind: 'lost' };
    case 'other-log':
      // An empty follower has not learned which log it will hold.
      return { kind: role === 'follower' && bounds.head.offset === 0 ? 'wait' : 'lost' };
  }
}
