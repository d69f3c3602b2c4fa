import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginsWith,
  branchDigest,
  comparePlaces,
  DIGEST_SHAPE,
  documentDigest,
  formatPlace,
  leafDigest,
  placeHash,
  rootDigest,
  type DigestedRange,
} from './digest.ts';
import type { Sha256 } from './record.ts';

const sha256: Sha256 = (parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const placeOf = (collection: string, key: string): Buffer => Buffer.from(`${collection}\0${key}`);
const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);

/** The hash as PROTOCOL words it, without the code under test. */
const plain = (...parts: (Buffer | string | number)[]): string =>
  hex(sha256(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part)))).subarray(0, 16));

describe('the hash of a place', () => {
  it('is what both sides have always made of it', () => {
    const placed = ['', 'a', 'orders\0o-1', 'käse\0日本/🦆'].map((text) => placeHash(Buffer.from(text)));
    // As other code for FNV-1a and the end of MurmurHash3 has them.
    expect(placed).toStrictEqual([2872998923, 444641715, 1139217505, 2302404810]);
  });

  it('leaves out what stands before the place', () => {
    expect(placeHash(Buffer.from('dorders\0o-1'), 1)).toBe(placeHash(placeOf('orders', 'o-1')));
  });

  it('begins a leaf at one document of 256 and a branch at one of 16,384, whatever the keys look like', () => {
    const forms = [(i: number) => `doc-${String(i).padStart(8, '0')}`, String, (i: number) => `${i * 1000}/x`];
    for (const form of forms) {
      let [leaves, branches] = [0, 0];
      for (let i = 0; i < 262_144; i++) {
        const hash = placeHash(placeOf('c', form(i)));
        if (beginsWith(hash, DIGEST_SHAPE.leafBits)) leaves++;
        if (beginsWith(hash, DIGEST_SHAPE.branchBits)) branches++;
      }
      // 1,024 and 16 are expected; the bounds are more than four standard deviations away.
      expect(leaves).toBeGreaterThan(880);
      expect(leaves).toBeLessThan(1170);
      expect(branches).toBeGreaterThan(1);
      expect(branches).toBeLessThan(34);
    }
  });
});

describe('hashes', () => {
  const place = placeOf('orders', 'o-1');
  const value = Buffer.from('{"sum":12.5}');
  const version = '7.1-0000000a';
  const document = documentDigest(sha256, { place, version, value });
  const leaf = leafDigest(sha256, [document, document]);
  const range: DigestedRange = { place, documents: 2, hash: leaf };

  it('are made of the bytes that PROTOCOL names', () => {
    const rangeBytes = Buffer.concat([u32(place.length), place, u32(0), u32(2), leaf]);
    expect(hex(document)).toBe(plain(0, u32(place.length), place, u32(version.length), version, value));
    expect(hex(documentDigest(sha256, { place, version: '', value }))).toBe(
      plain(0, u32(place.length), place, u32(0), value),
    );
    expect(hex(leaf)).toBe(plain(1, Buffer.from(document), Buffer.from(document)));
    expect(hex(branchDigest(sha256, [range]))).toBe(plain(2, rangeBytes));
    expect(hex(rootDigest(sha256, [range, range]))).toBe(plain(3, rangeBytes, rangeBytes));
  });

  it('are what both sides have always made of them', () => {
    const branch = branchDigest(sha256, [range]);
    const root = rootDigest(sha256, [{ place, documents: 2, hash: branch }]);
    const none = rootDigest(sha256, []);
    expect([document, leaf, branch, root, none].map(hex)).toStrictEqual([
      'cfdbe83c8f226efddd08fdf61259c2b8',
      '81edc208b1da591f79655696ff457d41',
      'cfdd7102a0eecbadd85784646f6d69e5',
      '70209b7e861de1b97205dca3713ec60a',
      '084fed08b978af4d7d196a7446a86b58',
    ]);
  });

  it('tell apart what only looks alike when it is joined', () => {
    const of = (key: string, text: string) =>
      hex(documentDigest(sha256, { place: placeOf('c', key), version: '', value: Buffer.from(text) }));
    expect(of('ab', '1')).not.toBe(of('a', 'b1'));
    const [one, two] = [documentDigest(sha256, { place, version: '', value }), document];
    expect(hex(leafDigest(sha256, [one, two]))).not.toBe(hex(leafDigest(sha256, [two, one])));
    expect(hex(leafDigest(sha256, [one, one]))).not.toBe(hex(leafDigest(sha256, [])));
  });
});

describe('places', () => {
  it('are in the order of their bytes', () => {
    const collection = fc.stringMatching(/^\$?[A-Za-z0-9_-]{1,4}$/);
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).filter((text) => !text.includes('\0'));
    const named = fc.tuple(collection, fc.oneof(key, fc.constantFrom('\uffee', '\u{1f600}', '\ud7ff', '/', 'a/')));
    fc.assert(
      fc.property(named, named, (a, b) => {
        const bytes = Buffer.compare(placeOf(...a), placeOf(...b));
        expect(Math.sign(comparePlaces(formatPlace(...a), formatPlace(...b)))).toBe(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
