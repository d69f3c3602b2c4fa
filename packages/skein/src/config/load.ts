import { CommandError } from '../cli/command-error.ts';
import type { ConfigFile } from './config-file.ts';
import {
  defaultOf,
  environmentName,
  OPTION_NAMES,
  OPTIONS,
  optionsOf,
  type NodeCommand,
  type OptionName,
  type OptionValue,
} from './options.ts';

type Source = 'default' | 'file' | 'environment' | 'flag';

export interface Setting {
  readonly value: unknown;
  /** As it was given. */
  readonly text: string;
  readonly source: Source;
}

export interface ConfigInput {
  readonly command: NodeCommand;
  /** By option name, as text. */
  readonly flags: Readonly<Partial<Record<OptionName, string>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | undefined;
}

/** The configuration of a node: defaults, then the file, then the environment, then flags. */
export class Config {
  readonly settings: ReadonlyMap<OptionName, Setting>;

  constructor(settings: ReadonlyMap<OptionName, Setting>) {
    this.settings = settings;
  }

  get<Name extends OptionName>(name: Name): OptionValue<Name> | undefined {
    return this.settings.get(name)?.value as OptionValue<Name> | undefined;
  }

  /** For options that always have a value. */
  need<Name extends OptionName>(name: Name): OptionValue<Name> {
    const value = this.get(name);
    if (value === undefined) throw new CommandError('usage', `--${name} is required`);
    return value;
  }
}

/** Reads all sources; pure, so that every rule of it can be tested. An unknown key anywhere is an error. */
export function loadConfig({ command, flags, environment, file }: ConfigInput): Config {
  const fromFile = file === undefined ? {} : readFileKeys(file);
  const fromEnvironment = readEnvironment(environment);
  const settings = new Map<OptionName, Setting>();
  for (const name of optionsOf(command)) {
    const setting =
      toSetting(name, flags[name], 'flag', `--${name}`) ??
      toSetting(name, fromEnvironment[name], 'environment', environmentName(name)) ??
      toSetting(name, fromFile[name], 'file', `${file?.path}: ${name}`) ??
      toSetting(name, defaultOf(name, command) ?? undefined, 'default', name);
    if (setting !== undefined) settings.set(name, setting);
  }
  return new Config(settings);
}

function toSetting(name: OptionName, text: string | undefined, source: Source, where: string): Setting | undefined {
  if (text === undefined) return undefined;
  const parsed = OPTIONS[name].schema.safeParse(text);
  if (parsed.success) return { value: parsed.data, text, source };
  const message = `${where} ${parsed.error.issues[0]!.message}, not '${withoutPassword(text)}'`;
  throw new CommandError(source === 'flag' ? 'usage' : 'configuration', message);
}

/** What is refused is shown, but not what may be a secret: that stands before the last @, whatever is in it. */
function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/s, '$1…@');
}

type Texts = Partial<Record<OptionName, string>>;

function readFileKeys({ path, given }: ConfigFile): Texts {
  const texts: Texts = {};
  for (const [key, value] of Object.entries(given)) {
    if (!isOptionName(key)) throw new CommandError('configuration', `${path}: '${key}' is not an option`);
    if (typeof value === 'object') throw new CommandError('configuration', `${path}: '${key}' must be a single value`);
    texts[key] = String(value);
  }
  return texts;
}

function readEnvironment(environment: ConfigInput['environment']): Texts {
  const names = new Map(OPTION_NAMES.map((name) => [environmentName(name), name]));
  const texts: Texts = {};
  for (const [key, value] of Object.entries(environment)) {
    if (!key.startsWith('SKEIN_') || key === 'SKEIN_CONFIG' || value === undefined) continue;
    const name = names.get(key);
    if (name === undefined)
      throw new CommandError('configuration', `the environment has ${key}, which is not an option`);
    texts[name] = value;
  }
  return texts;
}

function isOptionName(key: string): key is OptionName {
  return Object.hasOwn(OPTIONS, key);
}
