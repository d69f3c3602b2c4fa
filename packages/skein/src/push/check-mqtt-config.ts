import { HMAC_KEY_BYTES_MIN, topicPrefixProblem } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import { collectionName, mqttUrl } from '../config/values.ts';
import type { MqttConfig } from './mqtt-config.ts';

/** Before anything is opened: a command's options have been looked at one by one, what an embedder gives has not. */
export function checkMqttConfig(config: MqttConfig): void {
  const problem = problemOf(config);
  if (problem !== undefined) throw new CommandError('configuration', problem);
}

function problemOf({
  url,
  prefix,
  hmacKey,
  ca,
  cert,
  key,
  outboxLimit,
  plainCollection,
}: MqttConfig): string | undefined {
  const parsed = mqttUrl.safeParse(url);
  if (!parsed.success) return `the address of the broker ${parsed.error.issues[0]!.message}`;
  const ofPrefix = prefix === undefined ? undefined : topicPrefixProblem(prefix);
  if (ofPrefix !== undefined) return `the prefix of topics ${ofPrefix}`;
  if (hmacKey !== undefined && hmacKey.length < HMAC_KEY_BYTES_MIN)
    return `the key for messages must have ${HMAC_KEY_BYTES_MIN} bytes or more`;
  if ((cert === undefined) !== (key === undefined)) return 'a certificate for the broker and its key go together';
  const hasTls = new URL(url).protocol === 'mqtts:';
  if (!hasTls && (ca ?? cert) !== undefined) return `certificates are for mqtts://, and the broker is at ${url}`;
  if (outboxLimit !== undefined && !(Number.isSafeInteger(outboxLimit) && outboxLimit > 0))
    return 'the limit of the outbox must be a whole number from 1';
  if (plainCollection !== undefined && !collectionName.safeParse(plainCollection).success)
    return 'the collection for keys without one must be the name of a collection';
  return undefined;
}
