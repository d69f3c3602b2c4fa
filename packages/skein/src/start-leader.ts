import type { NodeConfig } from './node-config.ts';
import type { RunningNode } from './running-node.ts';
import { startNode } from './start-node.ts';

export type LeaderConfig = NodeConfig;

/** Opens the database and takes writes over HTTP, and from this process through `collection`. */
export function startLeader(config: LeaderConfig): Promise<RunningNode> {
  return startNode(config, { role: 'leader', leaders: [], port: 7400 });
}
