import { formatPosition, samePosition } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { differenceOf } from './compare-documents.ts';

type SettledNode = (TimedEvent & { readonly kind: 'settled' })['nodes'][number];

/**
 * When faults have stopped, all is well again by itself: every node takes writes or pages, has what the leader has, and
 * says so. A damaged node may wait for an operator, and so may those that follow a damaged leader.
 */
export class Converged implements Checker {
  readonly name = 'converged (F8)';

  observe(event: TimedEvent): void {
    if (event.kind !== 'settled') return;
    const leader = event.nodes.find(({ role }) => role === 'leader');
    if (leader === undefined) throw new Violation(this.name, 'there is no leader');
    if (leader.isDamaged) return;
    for (const node of event.nodes) {
      const problem = node.isDamaged ? undefined : problemOf(node, leader);
      if (problem !== undefined) throw new Violation(this.name, `${node.node} ${problem}`);
    }
  }
}

function problemOf({ isReady, head, documents, health }: SettledNode, leader: SettledNode): string | undefined {
  if (!isReady) return 'is not ready';
  if (!samePosition(head, leader.head))
    return `is at ${formatPosition(head)}, its leader at ${formatPosition(leader.head)}`;
  const difference = differenceOf(documents, leader.documents);
  if (difference !== undefined) return `is not like its leader: ${difference}`;
  if (health === null) return 'does not say how it is';
  return health.healthy ? undefined : `says that it is not healthy: ${health.error}`;
}
