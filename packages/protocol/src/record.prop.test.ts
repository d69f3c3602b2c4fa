import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeEpoch } from './epoch.ts';
import { isSkeinError } from './errors.ts';
import { ZERO_HASH } from './position.ts';
import {
  chainHash,
  parseRecords,
  readRecord,
  RECORD_HEADER_BYTES,
  recordLines,
  recordPosition,
  writeRecordHeader,
  type RecordHeader,
  type Sha256,
} from './record.ts';

const sha256: Sha256 = (parts) => createHash('sha256').update(Buffer.concat(parts)).digest();

interface Built extends RecordHeader {
  readonly bytes: Buffer;
}

/** One to six chained records; the offsets begin anywhere and the epoch may grow from record to record. */
const chain = fc
  .record({
    offsetFirst: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1000 })),
    hashBefore: fc.oneof(fc.constant(ZERO_HASH), hexOf(8)),
    counter: fc.nat(999_000_000),
    records: fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 9 }),
        epochs: fc.constantFrom(0, 0, 0, 1, 5),
        lines: fc.uint8Array({ maxLength: 40 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    suffix: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ offsetFirst, hashBefore, counter, records, suffix }) => {
    const built: Built[] = [];
    let next = { offsetFirst, hashBefore, counter };
    for (const { count, epochs, lines } of records) {
      const epoch = makeEpoch(next.counter + epochs, suffix);
      const record = build(next.offsetFirst, count, epoch, next.hashBefore, lines);
      built.push(record);
      next = { offsetFirst: record.offsetLast + 1, hashBefore: record.hash, counter: next.counter + epochs };
    }
    return built;
  });

function hexOf(bytes: number): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'));
}

function build(offsetFirst: number, count: number, epoch: string, hashBefore: string, lines: Uint8Array): Built {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + lines.length);
  bytes.set(lines, RECORD_HEADER_BYTES);
  const hash = chainHash(sha256, hashBefore, epoch, lines);
  const offsetLast = offsetFirst + count - 1;
  const header = { linesBytes: lines.length, offsetFirst, offsetLast, epoch, hashBefore, hash };
  writeRecordHeader(bytes, header);
  return { ...header, bytes };
}

const pageOf = (records: readonly Built[]): Buffer => Buffer.concat(records.map(({ bytes }) => bytes));
const plain = (records: readonly Built[]): unknown[] =>
  records.map(({ bytes, ...header }) => ({ ...header, bytes: bytes.toString('hex') }));

/** Parses a page, or says that it was refused; any other exception fails the test. */
function parse(page: Uint8Array): unknown[] | 'refused' {
  try {
    return plain(parseRecords(page).map((record) => ({ ...record, bytes: Buffer.from(record.bytes) })));
  } catch (error) {
    if (isSkeinError(error, 'bad_record')) return 'refused';
    throw error;
  }
}

describe('a page of records', () => {
  it('is parsed into the records it was made of', () => {
    fc.assert(
      fc.property(chain, (records) => {
        expect(parse(pageOf(records))).toStrictEqual(plain(records));
      }),
    );
  });

  it('cut off at any byte is refused, or ends with a whole record where the cut was between two', () => {
    fc.assert(
      fc.property(chain, (records) => {
        const page = pageOf(records);
        for (let end = 0, whole = 0, wholeEnd = 0; end < page.length; end++) {
          if (end === wholeEnd + records[whole]!.bytes.length) wholeEnd += records[whole++]!.bytes.length;
          expect(parse(page.subarray(0, end))).toStrictEqual(
            end === wholeEnd ? plain(records.slice(0, whole)) : 'refused',
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it('with records left out, twice in it or in another order is refused', () => {
    const damaged = chain
      .filter((records) => records.length > 1)
      .chain((records) =>
        fc
          .array(fc.constantFrom(...records), { minLength: 2, maxLength: records.length + 1 })
          .filter((chosen) =>
            chosen.some((record, i) => i > 0 && record !== records[records.indexOf(chosen[i - 1]!) + 1]),
          ),
      );
    fc.assert(
      fc.property(damaged, (records) => {
        expect(parse(pageOf(records))).toBe('refused');
      }),
    );
  });

  it('with a record of equal offsets and another history is refused', () => {
    fc.assert(
      fc.property(chain, fc.uint8Array({ minLength: 41, maxLength: 50 }), (records, lines) => {
        const { offsetFirst, offsetLast, epoch, hashBefore } = records[0]!;
        const other = build(offsetFirst, offsetLast - offsetFirst + 1, epoch, hashBefore, lines);
        fc.pre(records.length > 1);
        expect(parse(pageOf([other, ...records.slice(1)]))).toBe('refused');
      }),
    );
  });

  it('with garbage in it never does worse than be refused', () => {
    fc.assert(
      fc.property(chain, fc.nat(), fc.uint8Array({ maxLength: 60 }), (records, place, garbage) => {
        const page = pageOf(records);
        const at = place % (page.length + 1);
        const replaced = Buffer.concat([page.subarray(0, at), garbage, page.subarray(at + garbage.length)]);
        const inserted = Buffer.concat([page.subarray(0, at), garbage, page.subarray(at)]);
        for (const bytes of [replaced, inserted, garbage]) expect(parse(bytes)).toBeDefined();
      }),
    );
  });
});

describe('a record', () => {
  it('is read in place, from the middle of other bytes', () => {
    fc.assert(
      fc.property(chain, fc.uint8Array({ maxLength: 20 }), ([record], around) => {
        const { bytes, ...header } = record!;
        const { bytes: view, ...read } = readRecord(Buffer.concat([around, bytes, around]), around.length);
        expect(read).toStrictEqual(header);
        expect(Buffer.from(view)).toStrictEqual(bytes);
        expect(recordPosition(read)).toStrictEqual({
          offset: header.offsetLast,
          epoch: header.epoch,
          hash: header.hash,
        });
      }),
    );
  });

  it('with any bit flipped is refused, fails its hash, or says other offsets than its lines', () => {
    fc.assert(
      fc.property(chain, fc.nat(), fc.nat(7), ([record], place, bit) => {
        const bytes = Buffer.from(record!.bytes);
        bytes[place % bytes.length]! ^= 1 << bit;
        if (parse(bytes) === 'refused') return;
        const read = readRecord(bytes);
        const isTrue = chainHash(sha256, read.hashBefore, read.epoch, recordLines(read)) === read.hash;
        expect(isTrue && read.offsetFirst === record!.offsetFirst && read.offsetLast === record!.offsetLast).toBe(
          false,
        );
      }),
      { numRuns: 500 },
    );
  });
});
