import {
  encodeLine,
  isSkeinError,
  readRecord,
  RECORD_HEADER_BYTES,
  writeRecordHeader,
  type RecordView,
} from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStoredDocument, valueTextOf } from '../document.ts';
import { documentKey, parseDocumentKey } from '../level/layout.ts';
import { buildRecord } from './build-record.ts';
import { walkRecords } from './walk-records.ts';

const EPOCH = '1-aaaaaaaa';
const HEAD = { ts: 5, origin: 'leader-1', collection: 'c' };

const key = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    fc.constantFrom('"', '\\', '\n', '\\n', '\u0001', '__proto__', '\uffee', '\u{1f600}', 'k'.repeat(1024)),
  )
  .filter((text) => text !== '' && text !== '.' && text !== '..' && !text.includes('\0'));

const change = fc.record({
  collection: fc.constantFrom('c', 'a-b_9', '$system', 'C'.repeat(64)),
  key,
  value: fc.option(fc.jsonValue({ depthSize: 'small' }), { nil: undefined, freq: 4 }),
  idem: fc.option(fc.constantFrom(`${'a'.repeat(32)}.${'0'.repeat(32)}`, 'from elsewhere'), {
    nil: undefined,
    freq: 2,
  }),
});

/** Transactions of these changes. */
const transactions = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });

describe('walkRecords', () => {
  it('finds every change, its transaction, its Level key and what is stored of it', () => {
    fc.assert(
      fc.property(transactions, fc.integer({ min: 1, max: 2 ** 50 }), (all, offsetFirst) => {
        const { record, changes } = recordOf(all, offsetFirst);
        const walked = walkRecords([record]);
        expect(walked.length).toBe(changes.length);
        for (const [i, { offset, tx, collection, key: name, value, idem }] of changes.entries()) {
          const found = walked[i]!;
          expect([found.offset, found.transactionEnd, found.ts, found.collection]).toStrictEqual([
            offset,
            tx ?? offset,
            5,
            collection,
          ]);
          expect(found.levelKey.equals(documentKey(collection, name))).toBe(true);
          expect(parseDocumentKey(found.levelKey)).toStrictEqual({ collection, key: name });
          expect(found.idempotency?.keyDigest).toBe(idem === 'from elsewhere' ? undefined : idem?.slice(0, 32));
          if (value === undefined) expect(found.stored).toBeNull();
          else expect(valueTextOf(readStoredDocument(found.stored!, found.levelKey))).toBe(JSON.stringify(value));
        }
      }),
    );
  });

  it('walks several records as one page', () => {
    const first = recordOf([[{ collection: 'c', key: 'a', value: 1, idem: undefined }]], 1).record;
    const second = recordOf([[{ collection: 'd', key: 'b', value: 1, idem: undefined }]], 2).record;
    expect(walkRecords([first, second]).map(({ collection, offset }) => [collection, offset])).toStrictEqual([
      ['c', 1],
      ['d', 2],
    ]);
    expect(walkRecords([])).toStrictEqual([]);
  });

  it('refuses whatever bytes it is given, if at all, with an error of ours', () => {
    fc.assert(
      fc.property(
        transactions,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (all, edits) => {
          const { record } = recordOf(all, 1);
          const bytes = Buffer.from(record.bytes);
          for (const [at, byte] of edits) bytes[RECORD_HEADER_BYTES + (at % record.linesBytes)] = byte;
          expectOurs(() => walkRecords([readRecord(bytes)]));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a gap', [line(1), line(3)], [1, 2]],
    ['an offset twice', [line(1), line(1)], [1, 2]],
    ['another first offset', [line(2), line(3)], [1, 2]],
    ['too few lines', [line(1)], [1, 2]],
    ['far too few lines', [line(1)], [1, 2 ** 52]],
    ['too many lines', [line(1), line(2)], [1, 1]],
    ['an open transaction at its end', [line(1, { tx: 2 })], [1, 1]],
    ['a transaction broken off', [line(1, { tx: 3 }), line(2), line(3, { tx: 3 })], [1, 3]],
    ['two transactions mixed', [line(1, { tx: 3 }), line(2, { tx: 4 }), line(3, { tx: 3 })], [1, 3]],
    ['a transaction that ended before', [line(1), line(2, { tx: 1 })], [1, 2]],
    ['a line that is not JSON', [line(1), 'x'], [1, 2]],
    ['a line that is cut off', [line(1).slice(0, -1)], [1, 1]],
    ['an empty line', [line(1), ''], [1, 2]],
    ['a collection that is no name', [line(1, { collection: 'a/b' })], [1, 1]],
    ['a collection with NUL', [line(1, { collection: 'a\0b' })], [1, 1]],
    ['an escaped key that is too long', [line(1, { key: `"${'k'.repeat(1024)}` })], [1, 1]],
    ['a key with an escape that is none', [line(1, { key: 'KEY' }).replace('KEY', String.raw`\q`)], [1, 1]],
    ['a key with half an escape', [line(1, { key: 'KEY' }).replace('KEY', String.raw`\u12`)], [1, 1]],
  ] as const)('refuses a record with %s', (_name, lines, [offsetFirst, offsetLast]) => {
    expect(() => walkRecords([handMade(lines, { offsetFirst, offsetLast })])).toThrow(
      expect.objectContaining({ name: 'SkeinError' }),
    );
  });
});

interface Given {
  readonly collection: string;
  readonly key: string;
  readonly value: unknown;
  readonly idem: string | undefined;
}

function recordOf(all: readonly (readonly Given[])[], offsetFirst: number) {
  let offset = offsetFirst;
  const changes = all.flatMap((transaction) => {
    const tx = transaction.length > 1 ? offset + transaction.length - 1 : undefined;
    return transaction.map((given) => ({ ...given, offset: offset++, tx }));
  });
  const lines = changes.map(({ value, tx, idem, collection, key: name, offset: at }) =>
    encodeLine(
      {
        ...HEAD,
        offset: at,
        collection,
        key: name,
        ...(tx === undefined ? {} : { tx }),
        ...(idem === undefined ? {} : { idem }),
      },
      value === undefined ? undefined : JSON.stringify(value),
    ),
  );
  return { record: buildRecord({ lines, offsetFirst, epoch: EPOCH, hashBefore: '0'.repeat(16) }), changes };
}

function line(offset: number, given: { tx?: number; collection?: string; key?: string } = {}): string {
  return encodeLine({ ...HEAD, key: 'k', offset, ...given }, '1');
}

/** A record with a header that says what it likes. */
function handMade(
  lines: readonly string[],
  offsets: { readonly offsetFirst: number; readonly offsetLast: number },
): RecordView {
  const text = Buffer.from(lines.map((each) => `${each}\n`).join(''));
  const bytes = Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), text]);
  const hash = '0'.repeat(16);
  writeRecordHeader(bytes, { linesBytes: text.length, ...offsets, epoch: EPOCH, hashBefore: hash, hash });
  return readRecord(bytes);
}

function expectOurs(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isSkeinError(error)) throw error;
  }
}
