import type { Position, Since } from '@skein/protocol';
import { planPage } from '@skein/replication';
import { requireBounds, type ServedNode } from '../node.ts';
import type { FeedRequest } from './feed-request.ts';
import { heldAt, refusalOf } from './refusal.ts';

/** Where a reader begins, with a time found on the log; refused when what was committed then may be gone. */
export async function sinceOf(node: ServedNode, { start }: Pick<FeedRequest, 'start'>): Promise<Since> {
  if (start.kind !== 'time') return start;
  const bounds = requireBounds(node);
  const position = await node.store.positionBefore(start.ms);
  if (position === undefined) throw refusalOf({ kind: 'compacted' }, bounds);
  return { kind: 'position', position };
}

/** The position that a reader begins behind; refused as the feed refuses it. */
export async function startingPosition(node: ServedNode, request: FeedRequest): Promise<Position> {
  const since = await sinceOf(node, request);
  const bounds = requireBounds(node);
  const plan = planPage({ since, log: request.log, mayWait: false }, bounds, await heldAt(node, since, bounds));
  if (plan.kind !== 'page' && plan.kind !== 'wait') throw refusalOf(plan, bounds);
  return plan.since;
}
