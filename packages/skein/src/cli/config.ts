import { Command, Option } from 'commander';
import { NODE_COMMANDS, type NodeCommand } from '../config/options.ts';
import { CommandError } from './command-error.ts';
import { addNodeOptions, configOf } from './options.ts';

/** Prints what a node would run with, and where each value comes from. */
export function configCommand(): Command {
  const config = new Command('config').description('Print the configuration a node would run with.');
  for (const role of NODE_COMMANDS) config.addCommand(configOfRole(role));
  config.action(() => {
    throw new CommandError('usage', 'say which: skein config leader, skein config follower, or skein config mesh');
  });
  return config;
}

const WHAT: Readonly<Record<NodeCommand, string>> = {
  leader: 'a leader',
  follower: 'a follower',
  mesh: 'a node of a mesh',
};

function configOfRole(role: NodeCommand): Command {
  const command = addNodeOptions(
    new Command(role).description(`Print the configuration of ${WHAT[role]}.`),
    role,
  ).exitOverride();
  command.addOption(new Option('--json', 'print JSON, with the source of each value'));
  return command.action(async (options: { json?: boolean }) => {
    const { settings } = await configOf(command, role);
    if (options.json === true) {
      const described = Object.fromEntries(
        [...settings].map(([name, { text, source }]) => [name, { value: text, source }]),
      );
      process.stdout.write(`${JSON.stringify(described, null, 2)}\n`);
      return;
    }
    const { stringify } = await import('yaml');
    for (const [name, { text, source }] of settings) {
      process.stdout.write(`${stringify({ [name]: text }).trimEnd()}  # ${source}\n`);
    }
  });
}
