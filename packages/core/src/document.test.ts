import { encodeLine } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { proveStoredDocument, proveStoredDocumentAt, writeStoredDocument } from './document.ts';
import { CRC_BYTES } from './line-checksum.ts';
import { documentKey, documentKeyText } from './level/layout.ts';

function stored(collection: string, key: string, isDelete = false): Buffer {
  const line = Buffer.from(
    encodeLine({ offset: 7, ts: 1, origin: 'n', collection, key }, isDelete ? undefined : '1').trimEnd(),
  );
  const target = Buffer.alloc(CRC_BYTES + line.length);
  writeStoredDocument(target, 0, line);
  return target;
}

describe('a stored document', () => {
  it.each(['a', 'a b', 'ü', '🦆', 'quo"te', 'back\\slash', '\u0001', 'c\u2028'])(
    'is proven under its key: %j',
    (key) => {
      expect(proveStoredDocument(stored('c', key), documentKey('c', key))).toBe(7);
      expect(proveStoredDocumentAt(stored('c', key), documentKeyText('c', key))).toBe(7);
    },
  );

  it.each<[what: string, collection: string, key: string]>([
    ['another key', 'c', 'b'],
    ['a longer key', 'c', 'aa'],
    ['an empty rest of its key', 'c', ''],
    ['another collection', 'd', 'a'],
    ['a longer collection', 'cc', 'a'],
    ['a collection that takes its key', 'ca', ''],
  ])('is not under %s', (_what, collection, key) => {
    const levelKey = documentKey(collection, key);
    expect(() => proveStoredDocument(stored('c', 'a'), levelKey)).toThrow(/fails its checksum/);
    expect(() => proveStoredDocumentAt(stored('c', 'a'), documentKeyText(collection, key))).toThrow(
      /fails its checksum/,
    );
  });

  it.each([
    ['é', 'Ã©'],
    ['a"b', 'a\\"b'],
    ['\u0001', '\\u0001'],
  ])('%j is not under what its bytes look like: %j', (key, other) => {
    expect(() => proveStoredDocumentAt(stored('c', key), documentKeyText('c', other))).toThrow(/fails its checksum/);
    expect(() => proveStoredDocument(stored('c', key), documentKey('c', other))).toThrow(/fails its checksum/);
  });

  it('is none when a bit of it is another, when it is a deletion, or when it is no line', () => {
    const levelKey = documentKey('c', 'a');
    const good = stored('c', 'a');
    for (let byte = 0; byte < good.length; byte++) {
      const bad = Buffer.from(good);
      bad[byte]! ^= 1 << (byte % 8);
      expect(() => proveStoredDocument(bad, levelKey)).toThrow(/fails its checksum/);
    }
    const noLine = Buffer.alloc(CRC_BYTES + 2);
    writeStoredDocument(noLine, 0, Buffer.from('{}'));
    for (const bytes of [noLine, Buffer.alloc(CRC_BYTES), stored('c', 'a', true)])
      expect(() => proveStoredDocument(bytes, levelKey)).toThrow(/fails its checksum/);
  });
});
