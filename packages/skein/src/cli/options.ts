import { Option, type Command } from 'commander';
import { readConfigFile } from '../config/config-file.ts';
import { loadConfig, type Config } from '../config/load.ts';
import {
  defaultOf,
  environmentName,
  helpOf,
  optionsOf,
  placeholderOf,
  type NodeCommand,
  type OptionName,
} from '../config/options.ts';

/** Gives a command the options of a node, from the one table. */
export function addNodeOptions(command: Command, node: NodeCommand): Command {
  command.addOption(new Option('--config <file>', 'YAML file with options by name (env: SKEIN_CONFIG)'));
  for (const name of optionsOf(node)) {
    const placeholder = placeholderOf(name);
    const preset = defaultOf(name, node);
    const notes = [preset === null ? undefined : `default: ${preset}`, `env: ${environmentName(name)}`].filter(
      (note) => note !== undefined,
    );
    command.addOption(
      new Option(
        `--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`,
        `${helpOf(name, node)} (${notes.join(', ')})`,
      ),
    );
  }
  return command;
}

/** The configuration of a command line: its flags, the environment and the file they name. */
export async function configOf(command: Command, node: NodeCommand): Promise<Config> {
  const given = command.opts<Record<string, string | boolean>>();
  const flags: Partial<Record<OptionName, string>> = {};
  for (const name of optionsOf(node)) {
    const value = given[camelCase(name)];
    if (value !== undefined) flags[name] = String(value);
  }
  const path = (given['config'] as string | undefined) ?? process.env['SKEIN_CONFIG'];
  const file = path === undefined ? undefined : await readConfigFile(path);
  return loadConfig({ command: node, flags, environment: process.env, file });
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
