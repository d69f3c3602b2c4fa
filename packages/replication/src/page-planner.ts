import type { Position, Since } from '@skein/protocol';
import { placeOf, type LogBounds } from './place.ts';

export interface PageRequest {
  readonly since: Since;
  /** The log id the reader believes it follows, when it says so. */
  readonly log?: string | undefined;
  readonly mayWait: boolean;
}

/** What the feed answers: decided here as data, done elsewhere. */
export type PagePlan =
  | { readonly kind: 'page'; readonly since: Position }
  | { readonly kind: 'wait'; readonly since: Position }
  | { readonly kind: 'compacted' }
  | { readonly kind: 'ahead' }
  | { readonly kind: 'diverged'; readonly fork: number }
  | { readonly kind: 'other-log' };

/** Never an empty page that hides a loss: a reader not on this log's history is told so and why. */
export function planPage(request: PageRequest, bounds: LogBounds, held: Position | undefined): PagePlan {
  if (request.log !== undefined && request.log !== bounds.log) return { kind: 'other-log' };
  const place = placeOf(request.since, bounds, held);
  switch (place.kind) {
    case 'here': {
      const atHead = place.position.offset === bounds.head.offset;
      return { kind: atHead && request.mayWait ? 'wait' : 'page', since: place.position };
    }
    case 'newer-epoch':
      return { kind: 'diverged', fork: place.fork };
    case 'compacted':
    case 'ahead':
    case 'diverged':
    case 'other-log':
      return place;
  }
}
