import { readFile } from 'node:fs/promises';
import { CommandError } from '../cli/command-error.ts';

/** A configuration file, taken apart; what its keys mean is looked at with the other sources. */
export interface ConfigFile {
  readonly path: string;
  readonly given: object;
}

export async function readConfigFile(path: string): Promise<ConfigFile> {
  // Most nodes are started without one.
  const { parse } = await import('yaml');
  const content = await contentOf(path);
  let given: unknown;
  try {
    given = parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new CommandError('configuration', `${path} is not YAML: ${reason}`);
  }
  if (given === null || given === undefined) return { path, given: {} };
  if (typeof given === 'object' && !Array.isArray(given)) return { path, given };
  throw new CommandError('configuration', `${path} must hold options by name, such as 'port: 7400'`);
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError('configuration', `the configuration file ${path} cannot be read: ${message}`, error);
  }
}
