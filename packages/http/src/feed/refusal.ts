import { formatPosition, SkeinError, type Position, type Since } from '@skein/protocol';
import { planPage, type LogBounds, type PagePlan } from '@skein/replication';
import { requireBounds, type ServedNode } from '../node.ts';

/** What the log has at the offset a reader names; undefined when it has nothing there. */
export async function heldAt(
  { store }: Pick<ServedNode, 'store'>,
  since: Since,
  { head, tail }: LogBounds,
): Promise<Position | undefined> {
  const offset =
    since.kind === 'position' ? since.position.offset : since.kind === 'offset' ? since.offset : head.offset;
  return offset >= tail - 1 && offset <= head.offset ? store.positionAt(offset) : undefined;
}

/** That a position is on this node's log, and what comes behind it is kept; refused as the feed would refuse it. */
export async function assertHere(node: ServedNode, position: Position, log: string | undefined): Promise<void> {
  const since = { kind: 'position', position } as const;
  const bounds = requireBounds(node);
  const plan = planPage({ since, log, mayWait: false }, bounds, await heldAt(node, since, bounds));
  if (plan.kind !== 'page' && plan.kind !== 'wait') throw refusalOf(plan, bounds);
}

/** Every refusal says what this node has, so that the reader can decide what to do next. */
export function refusalOf(plan: Exclude<PagePlan, { kind: 'page' | 'wait' }>, bounds: LogBounds): SkeinError {
  const facts = {
    log: bounds.log,
    epoch: bounds.history.at(-1)!.epoch,
    head: formatPosition(bounds.head),
    tail: bounds.tail,
  };
  switch (plan.kind) {
    case 'compacted':
      return new SkeinError('compacted', `changes before ${bounds.tail} are no longer kept`, {
        ...facts,
        snapshot: '/v1/snapshot',
      });
    case 'ahead':
      return new SkeinError('ahead', `this log ends at ${bounds.head.offset}`, facts);
    case 'diverged':
      return new SkeinError('diverged', `${forkText(plan.fork)}; this log ends at ${bounds.head.offset}`, {
        ...facts,
        fork: plan.fork,
      });
    case 'other-log':
      return new SkeinError('other_log', `this is log ${bounds.log}`, facts);
  }
}

function forkText(fork: number): string {
  return fork === 0 ? 'nothing is known to be common to the histories' : `the histories may agree up to offset ${fork}`;
}
