import { CONFLICTS, parsePlacedStamp, TOMBSTONES } from '@skein/protocol';
import { Violation, type Checker, type DocumentsSeen, type TimedEvent } from '../../history.ts';
import { nameOf } from '../compare-documents.ts';
import type { MeshLogs } from './mesh-logs.ts';

type SettledNode = (TimedEvent & { readonly kind: 'settled' })['nodes'][number];

/**
 * When faults have ended and clocks are right, nodes come to have the same of everything by themselves, value by value and stamp by
 * stamp: documents, and the tombstones that one of them has not dropped yet. Each is ready, and says that it is well.
 */
export class MeshConverged implements Checker {
  readonly name = 'mesh-converged';
  readonly #logs: MeshLogs;
  /** By node: up to which time it has dropped tombstones. */
  readonly #droppedMs = new Map<string, number>();
  readonly #tombstones = new Map<string, number>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    for (const { node, kind, subject, stamp, entry } of this.#logs.linesOf(event)) {
      if (kind === 'change' && entry.change.collection === TOMBSTONES)
        this.#tombstones.set(`${node} ${subject}`, stamp!.ms);
      if (kind === 'dropped') this.#drop(node, this.#tombstones.get(`${node} ${subject}`) ?? 0);
    }
    if (event.kind !== 'settled') return;
    for (const node of event.nodes) {
      const problem = healthProblem(node) ?? this.#difference(node, event.nodes[0]!);
      if (problem !== undefined) throw new Violation(this.name, `${node.node} ${problem}`);
    }
  }

  #drop(node: string, ms: number): void {
    this.#droppedMs.set(node, Math.max(this.#droppedMs.get(node) ?? 0, ms));
  }

  #difference(node: SettledNode, first: SettledNode): string | undefined {
    return this.#missing(node, first) ?? this.#missing(first, node);
  }

  /** What the one has and the other has not, as a sentence about a node. */
  #missing(one: SettledNode, other: SettledNode): string | undefined {
    for (const [id, { made, valueText }] of one.documents) {
      if (made === undefined || id.startsWith(`${CONFLICTS}\0`)) continue;
      const found = (other.documents as DocumentsSeen).get(id);
      if (found?.made === made && found.valueText === valueText) continue;
      const isDropped =
        found === undefined &&
        id.startsWith(`${TOMBSTONES}\0`) &&
        parsePlacedStamp(made).ms <= (this.#droppedMs.get(other.node) ?? 0);
      if (!isDropped)
        return `differs: ${nameOf(id)} is of ${made} on ${one.node}, and of ${found?.made ?? 'nothing'} on ${other.node}`;
    }
    return undefined;
  }
}

function healthProblem({ isReady, health }: SettledNode): string | undefined {
  if (!isReady) return 'is not ready';
  if (health === null) return 'does not say how it is';
  return health.healthy ? undefined : `says that it is not healthy: ${health.error}`;
}
