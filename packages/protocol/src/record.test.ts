import { describe, expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { ZERO_HASH } from './position.ts';
import { parseRecords, readRecord, recordLines, writeRecordHeader, type RecordHeader } from './record.ts';

const HEADER: RecordHeader = {
  linesBytes: 2,
  offsetFirst: 5,
  offsetLast: 6,
  epoch: '3-k9f3ab2c',
  hashBefore: ZERO_HASH,
  hash: '0123456789abcdef',
};

function record(changed: Partial<RecordHeader> = {}): Buffer {
  const bytes = Buffer.from(`${'\0'.repeat(56)}ab`);
  writeRecordHeader(bytes, { ...HEADER, ...changed });
  return bytes;
}

const edited = (edit: (bytes: Buffer) => void): Buffer => {
  const bytes = record();
  edit(bytes);
  return bytes;
};

const bad = expect.objectContaining({ code: 'bad_record' });

describe('a record', () => {
  it('is read as a view, without copying', () => {
    const page = record();
    const lines = recordLines(readRecord(page));
    expect(Buffer.from(lines).toString()).toBe('ab');
    expect(lines.buffer).toBe(page.buffer);
  });

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['another magic', edited((bytes) => bytes.writeUInt8(0x54, 0))],
    ['another format', edited((bytes) => bytes.writeUInt8(2, 3))],
    ['more lines than there are bytes', edited((bytes) => bytes.writeUInt32BE(3, 4))],
    ['offset 0', record({ offsetFirst: 0 })],
    ['a last offset before the first', record({ offsetLast: 4 })],
    ['an offset of 2^53', edited((bytes) => bytes.writeBigUInt64BE(2n ** 53n, 16))],
    ['an offset of 2^64 - 1', edited((bytes) => bytes.writeBigUInt64BE(2n ** 64n - 1n, 16))],
    ['both offsets at 2^53', edited((bytes) => bytes.fill(Buffer.from('0020000000000000', 'hex'), 8, 24))],
    ['an epoch counter of ten digits', edited((bytes) => bytes.writeBigUInt64BE(1_000_000_000n, 24))],
    ['an epoch suffix in upper case', record({ epoch: '3-K9F3AB2C' })],
    ['an epoch suffix that is not ASCII', edited((bytes) => bytes.writeUInt8(0xff, 32))],
    ['an epoch suffix behind a byte order mark', record({ epoch: '3-\ufeffab2c0' })],
  ])('with %s is refused', (_, bytes) => {
    expect(() => readRecord(bytes)).toThrow(bad);
  });

  it('is refused over the limit, before anyone waits for its bytes', () => {
    const over = edited((bytes) => bytes.writeUInt32BE(LIMITS.recordBytesMax + 1, 4));
    expect(() => readRecord(over)).toThrow(/over the limit/);
  });
});

describe('a page of records', () => {
  const next = { offsetFirst: 7, offsetLast: 7, hashBefore: HEADER.hash };

  it('of no bytes has no records', () => {
    expect(parseRecords(Buffer.alloc(0))).toEqual([]);
  });

  it.each([
    ['the same epoch', '3-k9f3ab2c'],
    ['the next epoch', '4-00000000'],
    ['a later epoch', '12-00000000'],
  ])('may go on in %s', (_, epoch) => {
    expect(parseRecords(Buffer.concat([record(), record({ ...next, epoch })]))).toHaveLength(2);
  });

  it.each([
    ['a gap', { ...next, offsetFirst: 8, offsetLast: 8 }],
    ['an overlap', { ...next, offsetFirst: 6 }],
    ['a record that is not chained to the one before', { ...next, hashBefore: ZERO_HASH }],
    ['an older epoch', { ...next, epoch: '2-zzzzzzzz' }],
    ['a rival epoch of the same counter', { ...next, epoch: '3-zzzzzzzz' }],
  ])('with %s is refused', (_, changed) => {
    expect(() => parseRecords(Buffer.concat([record(), record(changed)]))).toThrow(bad);
  });
});
