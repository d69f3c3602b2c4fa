import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSkeinError, type ErrorCode } from './errors.ts';
import {
  encodeIdempotencyLine,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  formatSnapshotCursor,
  isIdempotencyLine,
  parseIdempotencyLine,
  parseSnapshotCursor,
  parseSnapshotPage,
  snapshotChecksum,
  type SnapshotCursor,
  type SnapshotPage,
} from './snapshot.ts';

const sha256 = (parts: readonly Uint8Array[]): Uint8Array => createHash('sha256').update(Buffer.concat(parts)).digest();
const POSITION = { offset: 12, epoch: '3-k9f3ab2c', hash: '9f1c22d07a3be4c1' };
const ENTRY = {
  keyDigest: '0123456789abcdef0123456789abcdef',
  requestDigest: 'fedcba9876543210fedcba9876543210',
  offsetFirst: 3,
  offsetLast: 4,
  ts: 1767225600123,
  created: [0],
  position: POSITION,
};
const LINES = Buffer.from(
  '{"offset":5,"ts":1,"origin":"n","collection":"c","key":"ä","op":"put","value":[1]}\n' +
    `${encodeIdempotencyLine(ENTRY)}\n`,
);

function pageBytes(next: SnapshotCursor | null): Buffer {
  const history = [{ epoch: POSITION.epoch, offsetFirst: 1 }];
  const facts = { log: 'f00dfeed0123456789abcdef', position: POSITION, history, documents: null };
  const header = Buffer.from(encodeSnapshotHeader(facts));
  const checksum = snapshotChecksum(sha256, [header, LINES], next);
  return Buffer.concat([header, LINES, Buffer.from(encodeSnapshotTrailer({ next, lines: 2, checksum }))]);
}

function parsedOr<T>(code: ErrorCode, parse: () => T): T | 'refused' {
  try {
    return parse();
  } catch (error) {
    if (isSkeinError(error, code)) return 'refused';
    throw error;
  }
}

const parsed = (bytes: Uint8Array): SnapshotPage | 'refused' =>
  parsedOr('bad_record', () => parseSnapshotPage(bytes, sha256));

describe.each<{ next: SnapshotCursor | null; what: string }>([
  { what: 'the last page', next: null },
  { what: 'a page with documents behind it', next: { kind: 'document', collection: 'c', key: 'a/ä"' } },
  { what: 'a page with entries behind it', next: { kind: 'entry', offset: 3 } },
])('$what of a snapshot', ({ next }) => {
  const whole = pageBytes(next);

  it('is what was sent', () => {
    const page = parseSnapshotPage(whole, sha256);
    expect(page.trailer.next).toStrictEqual(next);
    expect(Buffer.from(page.lines)).toStrictEqual(LINES);
  });

  it('is refused when it is cut off, wherever', () => {
    for (let length = 0; length < whole.length; length++) expect(parsed(whole.subarray(0, length))).toBe('refused');
  });

  it('is refused when any of its bytes is another; that of the number of lines is told by the lines', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 2, 64, 128]) {
        const changed = Buffer.from(whole);
        changed[at]! ^= bit;
        const page = parsed(changed);
        if (page === 'refused') continue;
        expect(Buffer.from(page.lines)).toStrictEqual(LINES);
        expect(page.trailer.next).toStrictEqual(next);
        expect(page.trailer.lines).not.toBe(2);
      }
    }
  });
});

describe('a place in a snapshot', () => {
  const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !/^\.{1,2}$|\0/.test(text));
  const document = fc.record({
    kind: fc.constant('document' as const),
    collection: fc.stringMatching(/^\$?[A-Za-z0-9_-]{1,8}$/),
    key: fc.oneof(key, fc.constantFrom('/', '#1', 'a/b', '//', ' ', '%2f')),
  });
  const entry = fc.record({ kind: fc.constant('entry' as const), offset: fc.integer({ min: 1, max: 2 ** 53 - 1 }) });

  it('is read as it was written, whatever the key, and no two are written alike', () => {
    fc.assert(
      fc.property(fc.oneof(document, entry), fc.oneof(document, entry), (a, b) => {
        expect(parseSnapshotCursor(formatSnapshotCursor(a))).toEqual(a);
        if (formatSnapshotCursor(a) === formatSnapshotCursor(b)) expect(a).toEqual(b);
      }),
    );
  });

  it.each(['', 'c', '#', '#-1', '#1.5', '#01', '#9007199254740992', 'nothing'])('is none: %j', (text) => {
    expect(parsedOr('bad_query', () => parseSnapshotCursor(text))).toBe('refused');
  });

  it.each(['/k', 'a b/k', 'ä/k'])('has no such collection: %j', (text) => {
    expect(parsedOr('bad_collection', () => parseSnapshotCursor(text))).toBe('refused');
  });

  it.each(['c/', 'c/.', 'c/a\0b'])('has no such key: %j', (text) => {
    expect(parsedOr('bad_key', () => parseSnapshotCursor(text))).toBe('refused');
  });
});

describe('an idempotency entry', () => {
  const text = encodeIdempotencyLine(ENTRY);

  it('is read as it was written, and told from a document', () => {
    expect(parseIdempotencyLine(Buffer.from(text))).toStrictEqual(ENTRY);
    expect(isIdempotencyLine(Buffer.from(text))).toBe(true);
    expect(isIdempotencyLine(LINES)).toBe(false);
    expect(isIdempotencyLine(Buffer.from('{"idem'))).toBe(false);
  });

  it.each([
    ['a digest that is none', text.replace('fedcba', 'FEDCBA')],
    ['a field too many', text.replace('{', '{"more":1,')],
    ['an offset below 1', text.replace('"offsetFirst":3', '"offsetFirst":0')],
    ['a change that is none', text.replace('[0]', '[-1]')],
    ['no end', text.slice(0, -1)],
  ])('is refused with %s', (_what, changed) => {
    expect(changed).not.toBe(text);
    expect(parsedOr('bad_record', () => parseIdempotencyLine(Buffer.from(changed)))).toBe('refused');
  });
});
