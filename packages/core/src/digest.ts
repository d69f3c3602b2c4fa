import { createHash, hash } from 'node:crypto';
import type { Sha256 } from '@skein/protocol';

/** Small inputs are put together here and hashed at once: an object for each of a million hashes is work to be rid of. */
const scratch = Buffer.allocUnsafe(16 * 1024);

export const sha256: Sha256 = (parts) => {
  let end = 0;
  for (const part of parts) end += part.length;
  if (end > scratch.length) return ofMuch(parts);
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  return hash('sha256', scratch.subarray(0, end), 'buffer');
};

function ofMuch(parts: readonly Uint8Array[]): Uint8Array {
  const stream = createHash('sha256');
  for (const part of parts) stream.update(part);
  return stream.digest();
}
