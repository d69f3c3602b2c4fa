import type { Checker } from '../../history.ts';
import { HonestHealth } from '../honest-health.ts';
import { EachNode } from './each-node.ts';
import { LastWriter } from './last-writer.ts';
import { MeshClocks } from './mesh-clocks.ts';
import { MeshConverged } from './mesh-converged.ts';
import { MeshLogs } from './mesh-logs.ts';
import { MeshNumbers } from './mesh-numbers.ts';
import { MeshOrder } from './mesh-order.ts';
import { MeshProvenance } from './mesh-provenance.ts';
import { MeshTombstones } from './mesh-tombstones.ts';

/** All checkers of a world that is a mesh. Tell each of every event, in this order: the first has the logs know what is in them. */
export function meshCheckers(
  nodes: readonly { readonly name: string; readonly peers: readonly string[] }[],
): readonly Checker[] {
  const logs = new MeshLogs();
  return [
    new EachNode(logs, nodes),
    new MeshNumbers(logs),
    new MeshProvenance(logs),
    new MeshOrder(logs),
    new MeshClocks(logs),
    new MeshTombstones(logs, nodes),
    new HonestHealth(),
    new MeshConverged(),
    new LastWriter(logs),
  ];
}
