import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkKey, checkNodeId, checkReadableCollection, checkWritableCollection } from './names.ts';

const refused = (code: string): unknown => expect.objectContaining({ code });

describe('a key', () => {
  it.each([
    ['one character', 'k'],
    ['1,024 bytes', 'k'.repeat(1024)],
    ['1,024 bytes of two-byte characters', 'é'.repeat(512)],
    ['1,024 bytes of four-byte characters', '🦆'.repeat(256)],
    ['slashes and dots', '../../etc/passwd'],
    ['three dots', '...'],
    ['quotes, escapes and line ends', '"\\\n\r\t\u0001'],
    ['the name of a prototype', '__proto__'],
    ['a byte order mark', '\ufeff'],
    ['text that is not normalised', 'e\u0301'],
  ])('may be %s', (_, key) => {
    expect(checkKey(key)).toBe(key);
  });

  it.each([
    ['empty', ''],
    ['a dot', '.'],
    ['two dots', '..'],
    ['NUL', '\0'],
    ['text with NUL in it', 'a\0b'],
    ['1,025 bytes', 'k'.repeat(1025)],
    ['1,024 characters of 1,025 bytes', `${'k'.repeat(1023)}é`],
    ['342 characters of 1,026 bytes', '日'.repeat(342)],
    ['257 characters of 1,028 bytes', '🦆'.repeat(257)],
    ['a high surrogate alone', 'a\ud83e'],
    ['a low surrogate alone', '\udd86b'],
    ['surrogates in the wrong order', '\udd86\ud83e'],
  ])('may not be %s', (_, key) => {
    expect(() => checkKey(key)).toThrow(refused('bad_key'));
  });

  it('is accepted exactly when it is 1 to 1,024 bytes of well-formed text that a URL can carry', () => {
    const long = fc.constantFrom('', 'k'.repeat(1000), '日'.repeat(340));
    const any = fc.tuple(long, fc.string({ unit: 'binary', maxLength: 30 })).map((parts) => parts.join(''));
    fc.assert(
      fc.property(any, (key) => {
        const bytes = Buffer.byteLength(key);
        const isKey = bytes >= 1 && bytes <= 1024 && !key.includes('\0') && key !== '.' && key !== '..';
        const check = (): string => checkKey(key);
        if (isKey) expect(check()).toBe(key);
        else expect(check).toThrow(refused('bad_key'));
      }),
    );
  });
});

describe('a collection', () => {
  const names = ['o', 'orders', 'A-Z_09', '-', '__proto__', 'c'.repeat(64)];
  const systemNames = ['$epochs', '$x', `$${'c'.repeat(63)}`];
  const notNames = ['', '.', '..', '../', 'a/b', 'a b', 'a.b', 'é', 'a\n', 'a\0', '$', '$$x', 'x$', '$../', '$a.b'];
  const tooLong = ['c'.repeat(65), `$${'c'.repeat(64)}`];

  it.each(names)('%j may be read and written', (name) => {
    expect(checkWritableCollection(name)).toBe(name);
    expect(checkReadableCollection(name)).toBe(name);
  });

  it.each(systemNames)('%j may be read, and belongs to the system', (name) => {
    expect(() => checkWritableCollection(name)).toThrow(refused('reserved_collection'));
    expect(checkReadableCollection(name)).toBe(name);
  });

  it.each([...notNames, ...tooLong])('is not %j', (name) => {
    expect(() => checkWritableCollection(name)).toThrow(refused('bad_collection'));
    expect(() => checkReadableCollection(name)).toThrow(refused('bad_collection'));
  });
});

describe('a node id', () => {
  it.each(['n', 'leader-1', 'eu.west_1', 'n'.repeat(64)])('may be %j', (id) => {
    expect(checkNodeId(id)).toBe(id);
  });

  it.each(['', 'n'.repeat(65), 'a b', 'a/b', 'é', 'a\n', '"'])('may not be %j', (id) => {
    expect(() => checkNodeId(id)).toThrow(refused('bad_header'));
  });
});
