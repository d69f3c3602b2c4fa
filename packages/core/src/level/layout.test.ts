import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_COUNTS,
  ALL_DOCUMENTS,
  ALL_IDEMPOTENCY_AGES,
  ALL_RECORDS,
  ALL_SLOTS,
  countKey,
  decodeNumber,
  documentKey,
  documentRange,
  encodeNumber,
  idempotencyAgeKey,
  idempotencyKey,
  metaKey,
  parseCountKey,
  parseDocumentKey,
  parseSlotKey,
  recordKey,
  recordsAfter,
  recordsBelow,
  slotKey,
  type KeyRange,
} from './layout.ts';

const collection = fc.stringMatching(/^\$?[A-Za-z0-9_-]{1,8}$/);
const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('\0', 'x'));
const offset = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.maxSafeNat().filter((n) => n > 0),
);

const isIn = (range: KeyRange, levelKey: Buffer): boolean =>
  range.gte.compare(levelKey) <= 0 && levelKey.compare(range.lt) < 0;

describe('the keyspace', () => {
  it('gives a document back its names (X3)', () => {
    fc.assert(
      fc.property(collection, key, (name, text) => {
        expect(parseDocumentKey(documentKey(name, text))).toStrictEqual({ collection: name, key: text });
        expect(parseCountKey(countKey(name))).toBe(name);
        expect(parseSlotKey(slotKey(name))).toBe(name);
      }),
    );
  });

  it('holds exactly the documents of a collection and prefix in their range', () => {
    fc.assert(
      fc.property(collection, collection, key, key, (one, other, prefix, text) => {
        for (const given of [text, prefix + text]) {
          const isHeld = isIn(documentRange(one, prefix), documentKey(other, given));
          const startsWith = Buffer.from(given).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix));
          expect(isHeld).toBe(one === other && startsWith);
        }
        expect(isIn(documentRange(one, ''), documentKey(other, text))).toBe(one === other);
      }),
    );
  });

  it('keeps byte order for keys and number order for offsets', () => {
    fc.assert(
      fc.property(collection, key, key, offset, offset, (name, a, b, one, other) => {
        const bytes = Math.sign(Buffer.from(a).compare(Buffer.from(b)));
        expect(Math.sign(documentKey(name, a).compare(documentKey(name, b)))).toBe(bytes);
        expect(Math.sign(recordKey(one).compare(recordKey(other)))).toBe(Math.sign(one - other));
        expect(isIn(recordsAfter(one), recordKey(other))).toBe(other > one);
        expect(isIn(recordsBelow(one), recordKey(other))).toBe(other < one);
        expect(decodeNumber(encodeNumber(one))).toBe(one);
      }),
    );
  });

  it('lets no kind of entry reach into another', () => {
    fc.assert(
      fc.property(collection, key, offset, (name, text, at) => {
        const kinds: readonly (readonly [KeyRange | undefined, Buffer])[] = [
          [ALL_DOCUMENTS, documentKey(name, text)],
          [ALL_RECORDS, recordKey(at)],
          [ALL_IDEMPOTENCY_AGES, idempotencyAgeKey(at)],
          [ALL_COUNTS, countKey(name)],
          [ALL_SLOTS, slotKey(name)],
          [undefined, idempotencyKey('0'.repeat(32))],
          [undefined, metaKey('tail')],
        ];
        for (const [range] of kinds) {
          if (range === undefined) continue;
          for (const [own, levelKey] of kinds) expect(isIn(range, levelKey)).toBe(own === range);
        }
      }),
    );
  });
});
