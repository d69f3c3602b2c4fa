import { crc32 } from 'node:zlib';
import { classicLevel, type Level } from '@skein/core';
import type { NodeProcess } from '@skein/testing';

/** Changes the database of a node that is stopped, past its log. */
export async function behindTheBackOf(node: NodeProcess, change: (level: Level) => Promise<void>): Promise<void> {
  await node.stop();
  const level = classicLevel(await node.database());
  await level.open();
  await change(level);
  await level.close();
  await node.start();
}

export const levelKey = (key: string): Buffer => Buffer.from(`dc\0${key}`);

function stored(line: string): Buffer {
  const bytes = Buffer.from(line);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return Buffer.concat([checksum, bytes]);
}

/** Writes a document of collection `c` anew under a key, with another value and a checksum that is right. */
export async function rewrite(level: Level, key: string, newKey: string, value: string): Promise<void> {
  const line = (await level.get(levelKey(key)))!.subarray(4).toString();
  const changed = line
    .replace(`"key":"${key}"`, `"key":${JSON.stringify(newKey)}`)
    .replace(/"value":.*\}$/, `"value":${value}}`);
  await level.put(levelKey(newKey), stored(changed));
}
