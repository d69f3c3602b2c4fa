/*
 * What is exported and imported again is what it was, in every format, whatever the values are and however the bytes arrive.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCell, writeCell } from './cells.ts';
import { checkPiece } from './check-piece.ts';
import type { Format, FormatName } from './format.ts';
import { readerOf } from './read-pieces.ts';
import type { Sink } from './sink.ts';
import { withoutVersion } from './without-version.ts';
import { writeAll } from './write-all.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '1', 'a,b', '"', 'version'),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(1e21, 5e-324),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '01',
    '1e5',
    '12345678901234567890',
    'true',
    'null',
    '{}',
    '[1',
    '"x"',
    '\r\n',
    '😀',
    '\ufeff',
  ),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    number,
    text,
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const fields = fc.dictionary(
  name.filter((each) => each !== 'key'),
  value,
  { maxKeys: 4, noNullPrototype: true },
);
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((each) => !/^\.{1,2}$|\0/.test(each));

function documents(values: fc.Arbitrary<unknown>): fc.Arbitrary<string[]> {
  const line = fc.tuple(key, values).map(([k, v]) => `{"key":${JSON.stringify(k)},"value":${JSON.stringify(v)}}`);
  return fc.array(line, { maxLength: 12 });
}

async function written(lines: readonly string[], format: Format): Promise<Buffer> {
  const parts: Buffer[] = [];
  const sink: Sink = {
    write: async (part) => void parts.push(Buffer.from(part)),
    finish: async () => undefined,
    discard: async () => undefined,
  };
  const half = Math.ceil(lines.length / 2);
  await writeAll(inTurn([lines.slice(0, half), lines.slice(half)]), format, sink, false);
  return Buffer.concat(parts);
}

async function* inTurn(groups: readonly (readonly string[])[]): AsyncGenerator<Buffer[]> {
  for (const group of groups) yield group.map((line) => Buffer.from(line));
}

async function* cut(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

async function readBack(bytes: Buffer, format: Format, chunkBytes: number): Promise<string[]> {
  const read = await readerOf(format);
  const found: string[] = [];
  for await (const pieces of read(cut(bytes, chunkBytes)))
    for (const piece of pieces) {
      checkPiece(piece);
      found.push(piece.text.toString());
    }
  return found;
}

describe.each<[FormatName, fc.Arbitrary<unknown>]>([
  ['ndjson', value],
  ['json', value],
  ['csv', fields],
])('as %s', (format, values) => {
  it('documents come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        documents(values),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(',', '\t', ';'),
        async (lines, bytes, delimiter) => {
          const as: Format = { name: format, keyColumn: 'key', delimiter, isAllStrings: false };
          const found = await readBack(await written(lines, as), as, bytes);
          // In a CSV, fields stand in the order of the columns.
          expect(found.map(sorted)).toStrictEqual(lines.map(sorted));
          if (format !== 'csv') expect(found).toStrictEqual(lines);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Of a document, with its fields in an order of their own. As text, since a name may be one that a comparison stumbles over. */
function sorted(line: string): string {
  const { key: k, value: v } = JSON.parse(line) as { readonly key: string; readonly value: unknown };
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return JSON.stringify([k, v]);
  return JSON.stringify([k, Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

it('a cell is read as what was written into it', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(JSON.stringify(JSON.parse(readCell(writeCell(given as never), false)!))).toBe(JSON.stringify(given));
    }),
  );
});

it('a document of a page is the same without its version', () => {
  fc.assert(
    fc.property(key, value, (k, v) => {
      const ends = [JSON.stringify(k), JSON.stringify(v)] as const;
      const page = `{"key":${ends[0]},"version":"1042.3-k9f3ab2c","value":${ends[1]}}`;
      const put = `{"key":${ends[0]},"value":${ends[1]}}`;
      expect(withoutVersion(Buffer.from(page)).toString()).toBe(put);
      expect(withoutVersion(Buffer.from(put)).toString()).toBe(put);
    }),
  );
});
