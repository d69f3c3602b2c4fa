import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CRC_BYTES, lineChecksum } from './line-checksum.ts';

it('the checksum of a line is that of its bytes alone, whatever stands before it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: CRC_BYTES, maxLength: 600 }), (bytes) => {
      expect(lineChecksum(Buffer.from(bytes))).toBe(crc32(bytes.subarray(CRC_BYTES)));
    }),
  );
});
