import type { NodeConfig } from './node-config.ts';
import { runNode, type OpenDatabase } from './running-node.ts';
import { prepareNode } from './start-node.ts';

/** What there is to say of a database that nobody else reaches. */
export type DatabaseConfig = Pick<
  NodeConfig,
  'data' | 'nodeId' | 'valueBytesMax' | 'writeBufferBytes' | 'cacheBytes' | 'scrubEveryMs' | 'retention' | 'logger'
>;

/**
 * Opens a database for this process alone: a leader that does not listen. `startLeader` on the same directory serves it to
 * others, another time.
 */
export async function openDatabase(config: DatabaseConfig): Promise<OpenDatabase> {
  return runNode(await prepareNode(config, { role: 'leader', leaders: [] }));
}
