import { describe, expect, it } from 'vitest';
import { formatEtag, makeVersion, parseEtagList, parseVersion } from './version.ts';

describe('a version', () => {
  it('is the offset and epoch of a change', () => {
    expect(makeVersion(1042, '3-k9f3ab2c')).toBe('1042.3-k9f3ab2c');
    expect(parseVersion('1042.3-k9f3ab2c')).toStrictEqual({ offset: 1042, epoch: '3-k9f3ab2c' });
  });

  it.each([
    '',
    '1042',
    '.3-k9f3ab2c',
    '1042.',
    '0.3-k9f3ab2c',
    '01042.3-k9f3ab2c',
    '+1.3-k9f3ab2c',
    '1e3.3-k9f3ab2c',
    '9007199254740992.3-k9f3ab2c',
    '1042.3-k9f3ab2c.9f1c22d07a3be4c1',
    '1042.3-K9F3AB2C',
    '1042.03-k9f3ab2c',
    '"1042.3-k9f3ab2c"',
    '1042.3-k9f3ab2c\n',
  ])('is not %j', (text) => {
    expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'bad_version' }));
  });
});

describe('a list of ETags', () => {
  it.each([
    ['one tag', '"7.1-00000000"', ['7.1-00000000']],
    ['a weak tag', 'W/"7.1-00000000"', ['7.1-00000000']],
    ['several, with any white space', ' "a" ,W/"b","" ', ['a', 'b', '']],
    ['any', ' * ', '*'],
  ])('may hold %s', (_, header, tags) => {
    expect(parseEtagList(header)).toEqual(tags);
  });

  it.each(['', 'a', '"a', 'a"', '"a" "b"', '"a",', '*,"a"', 'w/"a"'])('may not be %j', (header) => {
    expect(() => parseEtagList(header)).toThrow(expect.objectContaining({ code: 'bad_header' }));
  });

  it('holds what formatEtag writes', () => {
    expect(parseEtagList(formatEtag('7.1-00000000'))).toEqual(['7.1-00000000']);
  });
});
