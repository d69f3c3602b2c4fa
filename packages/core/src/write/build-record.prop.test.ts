import { chainHash, recordLines } from '@skein/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../digest.ts';
import { buildRecord } from './build-record.ts';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('é', 'a€', 'aa€€', '😀', 'ÿ'.repeat(50), 'a'.repeat(50)),
);
const lines = fc.array(
  text.map((value) => JSON.stringify(value)),
  { minLength: 1, maxLength: 12 },
);

it('a record has its lines as UTF-8, each with its end, whatever their characters', () => {
  fc.assert(
    fc.property(lines, (given) => {
      const source = { lines: given, offsetFirst: 7, epoch: '1-aaaaaaaa', hashBefore: '0'.repeat(16) };
      const record = buildRecord(source);
      const bytes = Buffer.from(recordLines(record));
      expect(bytes.toString()).toBe(`${given.join('\n')}\n`);
      expect(record).toMatchObject({
        offsetFirst: 7,
        offsetLast: 6 + given.length,
        linesBytes: bytes.length,
        hash: chainHash(sha256, source.hashBefore, source.epoch, bytes),
      });
    }),
  );
});
