import { CommandError } from './cli/command-error.ts';
import { isItself } from './is-itself.ts';
import { addressToListenOn } from './listen.ts';
import type { NodeConfig } from './node-config.ts';
import type { RunningNode } from './running-node.ts';
import { startNode } from './start-node.ts';

export interface FollowerConfig extends NodeConfig {
  /** Address of the node to follow; of several, whichever leads with the highest epoch. */
  readonly leader: string | readonly string[];
}

const PORT = 7401;

/** Opens the database, follows the leader, and serves reads and the feed over HTTP and to this process. */
export async function startFollower(config: FollowerConfig): Promise<RunningNode> {
  const own = addressToListenOn(config, PORT);
  const given = [config.leader].flat();
  // Members may all be given the same list; a node that is to follow itself alone is a mistake.
  const leaders = given.filter((leader) => !isItself(leader, own));
  if (leaders.length === 0) {
    throw new CommandError(
      'configuration',
      `--leader ${given.join(',')} is the address of this follower itself: give the leader's`,
    );
  }
  return startNode(config, { role: 'follower', leaders, port: PORT });
}
