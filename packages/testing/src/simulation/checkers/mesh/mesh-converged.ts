import { CONFLICTS, parsePlacedStamp, TOMBSTONES } from '@skein/protocol';
import { TOMBSTONE_MS_MIN } from '@skein/replication';
import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { WALL_START } from '../../world/sim-clock.ts';
import { nameOf } from '../compare-documents.ts';

type SettledNode = (TimedEvent & { readonly kind: 'settled' })['nodes'][number];
type Seen = Pick<SettledNode, 'node' | 'documents'>;

/**
 * When faults have ended and clocks are right, nodes come to have the same of everything by themselves, value by value and stamp by
 * stamp: documents, and tombstones as long as they may not be dropped. Each is ready, and says that it is well.
 */
export class MeshConverged implements Checker {
  readonly name = 'mesh-converged';
  readonly #skews = new Map<string, number>();

  observe(event: TimedEvent): void {
    if (event.kind === 'clock-set') this.#skews.set(event.node, event.skewMs);
    if (event.kind !== 'settled') return;
    const [first] = event.nodes;
    for (const node of event.nodes) {
      const wallMs = WALL_START + event.ms + (this.#skews.get(node.node) ?? 0);
      const problem = healthProblem(node) ?? meshDifference(node, first!, wallMs);
      if (problem !== undefined) throw new Violation(this.name, `${node.node} ${problem}`);
    }
  }
}

/** What nodes are not to have each for itself when nothing is under way any more, as a sentence about one; undefined when they are alike. */
export function meshDifference(one: Seen, other: Seen, wallMs: number): string | undefined {
  return missing(one, other, wallMs) ?? missing(other, one, wallMs);
}

function missing(one: Seen, other: Seen, wallMs: number): string | undefined {
  for (const [id, { made, valueText }] of one.documents) {
    if (made === undefined || id.startsWith(`${CONFLICTS}\0`)) continue;
    const found = other.documents.get(id);
    if (found?.made === made && found.valueText === valueText) continue;
    const isForgotten = id.startsWith(`${TOMBSTONES}\0`) && wallMs - parsePlacedStamp(made).ms > TOMBSTONE_MS_MIN;
    if (found === undefined && isForgotten) continue;
    return `differs: ${nameOf(id)} is of ${made} on ${one.node}, and of ${found?.made ?? 'nothing'} on ${other.node}`;
  }
  return undefined;
}

function healthProblem({ isReady, health }: SettledNode): string | undefined {
  if (!isReady) return 'is not ready';
  if (health === null) return 'does not say how it is';
  return health.healthy ? undefined : `says that it is not healthy: ${health.error}`;
}
