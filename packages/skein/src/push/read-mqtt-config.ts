import { readFile } from 'node:fs/promises';
import { CommandError } from '../cli/command-error.ts';
import type { Config } from '../config/load.ts';
import type { OptionName } from '../config/options.ts';
import type { MqttConfig } from './mqtt-config.ts';

type FileOption = Extract<
  OptionName,
  'mqtt-password-file' | 'mqtt-ca' | 'mqtt-cert' | 'mqtt-key' | 'mqtt-hmac-key-file'
>;

/** Whoever gives one of these means to have a broker. */
const ONLY_WITH_A_BROKER: readonly OptionName[] = [
  'mqtt-prefix',
  'mqtt-username',
  'mqtt-password-file',
  'mqtt-ca',
  'mqtt-cert',
  'mqtt-key',
  'mqtt-hmac-key-file',
  'mqtt-plain-collection',
  'outbox-limit',
];

/** The broker that a command line names, with what is in the files that it names; undefined without one. */
export async function readMqttConfig(config: Config): Promise<MqttConfig | undefined> {
  const url = config.get('mqtt-url');
  if (url === undefined) {
    const idle = ONLY_WITH_A_BROKER.find((name) => (config.settings.get(name)?.source ?? 'default') !== 'default');
    if (idle !== undefined) throw new CommandError('configuration', `--${idle} is of no use without --mqtt-url`);
    return undefined;
  }
  return {
    url,
    prefix: config.need('mqtt-prefix'),
    username: config.get('mqtt-username'),
    password: withoutLineEnd(await contentOf(config, 'mqtt-password-file'))?.toString(),
    ca: await contentOf(config, 'mqtt-ca'),
    cert: await contentOf(config, 'mqtt-cert'),
    key: await contentOf(config, 'mqtt-key'),
    hmacKey: withoutLineEnd(await contentOf(config, 'mqtt-hmac-key-file')),
    outboxLimit: config.need('outbox-limit'),
    plainCollection: config.get('mqtt-plain-collection'),
  };
}

async function contentOf(config: Config, name: FileOption): Promise<Buffer | undefined> {
  const path = config.get(name);
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError('configuration', `--${name} ${path} cannot be read: ${message}`, error);
  }
}

/** Editors put one behind everything. */
function withoutLineEnd(content: Buffer | undefined): Buffer | undefined {
  const end = content?.at(-1) === 0x0a ? (content.at(-2) === 0x0d ? 2 : 1) : 0;
  return content?.subarray(0, content.length - end);
}
