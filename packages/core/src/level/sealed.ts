import { crc32 } from 'node:zlib';
import { SkeinError } from '@skein/protocol';
import type { LevelBatch } from './level.ts';

const CRC_BYTES = 4;

/**
 * Facts, counts and idempotency entries stand behind a CRC-32 of their key and value, as documents stand behind one of
 * their line: what is small can rot too, and a tail or an epoch that is wrong by one bit would be believed.
 */
export function putSealed(batch: LevelBatch, key: Buffer, value: Buffer): void {
  const sealed = Buffer.allocUnsafe(CRC_BYTES + value.length);
  sealed.writeUInt32BE(sumOf(key, value));
  value.copy(sealed, CRC_BYTES);
  batch.put(key, sealed);
}

export function unseal(key: Buffer, sealed: Buffer): Buffer {
  const value = sealed.subarray(CRC_BYTES);
  if (sealed.length < CRC_BYTES || sealed.readUInt32BE() !== sumOf(key, value)) {
    throw new SkeinError('corrupt', `the entry ${JSON.stringify(key.toString('latin1'))} fails its checksum`);
  }
  return value;
}

function sumOf(key: Buffer, value: Buffer): number {
  return crc32(value, crc32(key));
}
