import type { Position, Role, Since } from '@skein/protocol';
import { placeOf, type LogBounds } from './place.ts';

export type ReadPlan = { readonly kind: 'ready' } | { readonly kind: 'wait' } | { readonly kind: 'lost' };

/**
 * Whether a read that must see `min` may be answered now. A leader has nothing to wait for: what is above its head is
 * not in this history. A follower may simply not have it yet, nor its epoch.
 */
export function planRead(min: Since, bounds: LogBounds, held: Position | undefined, role: Role): ReadPlan {
  const place = placeOf(min, bounds, held);
  switch (place.kind) {
    case 'here':
    case 'compacted':
      return { kind: 'ready' };
    case 'ahead':
    case 'newer-epoch':
      return { kind: role === 'leader' ? 'lost' : 'wait' };
    case 'diverged':
      return { kind: 'lost' };
    case 'other-log':
      // An empty follower has not learned which log it will hold.
      return { kind: role === 'follower' && bounds.head.offset === 0 ? 'wait' : 'lost' };
  }
}
