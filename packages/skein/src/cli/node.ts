import { Command } from 'commander';
import type { NodeCommand } from '../config/options.ts';
import { addNodeOptions, configOf } from './options.ts';

const DESCRIPTIONS: Readonly<Record<NodeCommand, string>> = {
  leader: 'Run the node that takes writes.',
  follower: 'Run a node that holds what its leader holds, and serves reads and the feed.',
  mesh: 'Run one of several nodes that all take writes, and merge what the others write.',
};

export function nodeCommand(role: NodeCommand): Command {
  const command = addNodeOptions(new Command(role).description(DESCRIPTIONS[role]), role);
  return command.action(async () => {
    const config = await configOf(command, role);
    // All of a node takes longer to load than the other commands, and a mistake in the options, take to answer.
    const { runNode } = await import('./run-node.ts');
    await runNode(role, config);
  });
}
