import { HMAC_KEY_BYTES_MIN, topicPrefixProblem } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import { mqttUrl } from '../config/values.ts';
import type { MqttConfig } from './mqtt-config.ts';

/** Before anything is opened: a command's options have been looked at one by one, what an embedder gives has not. */
export function checkMqttConfig({ url, prefix, hmacKey }: MqttConfig): void {
  const parsed = mqttUrl.safeParse(url);
  if (!parsed.success)
    throw new CommandError('configuration', `the address of the broker ${parsed.error.issues[0]!.message}`);
  const problem = prefix === undefined ? undefined : topicPrefixProblem(prefix);
  if (problem !== undefined) throw new CommandError('configuration', `the prefix of topics ${problem}`);
  if (hmacKey !== undefined && hmacKey.length < HMAC_KEY_BYTES_MIN)
    throw new CommandError('configuration', `the key for messages must have ${HMAC_KEY_BYTES_MIN} bytes or more`);
}
