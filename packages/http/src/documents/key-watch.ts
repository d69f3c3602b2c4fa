import type { Published } from '@skein/core';
import { recordLines } from '@skein/protocol';

/**
 * Tells whether something that became durable may have changed a document, by looking for its name as it stands on a
 * line. A value that happens to contain the same text makes a false alarm, never a missed one.
 */
export function mentions(collection: string, key: string): (published: Published) => boolean {
  const name = Buffer.from(`,"collection":${JSON.stringify(collection)},"key":${JSON.stringify(key)},"op":"`);
  return ({ records, isAnew }) =>
    isAnew ||
    records.some((record) => {
      const { buffer, byteOffset, byteLength } = recordLines(record);
      return Buffer.from(buffer, byteOffset, byteLength).includes(name);
    });
}
