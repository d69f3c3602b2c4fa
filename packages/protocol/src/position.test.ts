import { describe, expect, it } from 'vitest';
import { formatPosition, parseOffset, parsePosition, parseSince, samePosition, START } from './position.ts';

const TEXT = '1042.3-k9f3ab2c.9f1c22d07a3be4c1';
const POSITION = { offset: 1042, epoch: '3-k9f3ab2c', hash: '9f1c22d07a3be4c1' };
const bad = expect.objectContaining({ code: 'bad_position' });

describe('a position', () => {
  it('is written with its offset, epoch and hash', () => {
    expect(formatPosition(POSITION)).toBe(TEXT);
    expect(parsePosition(TEXT)).toStrictEqual(POSITION);
  });

  it('of the empty log is written 0', () => {
    expect(formatPosition(START)).toBe('0');
    expect(parsePosition('0')).toStrictEqual(START);
  });

  it.each([
    '',
    ' ',
    '.',
    '..',
    'NOW',
    '-1',
    '+1',
    '01',
    '1e3',
    '0x10',
    '1 ',
    ' 1',
    '1\n',
    '١',
    '9007199254740992',
    '10000000000000000',
    '1042.',
    '1042..',
    '.3-k9f3ab2c.9f1c22d07a3be4c1',
    '1042.3-k9f3ab2c',
    '1042.3-k9f3ab2c.',
    `${TEXT}.`,
    `${TEXT}.0`,
    `${TEXT}\n`,
    `0${TEXT}`,
    `-${TEXT}`,
    '0.3-k9f3ab2c.9f1c22d07a3be4c1',
    '0.',
    '1042.3-K9F3AB2C.9f1c22d07a3be4c1',
    '1042.03-k9f3ab2c.9f1c22d07a3be4c1',
    '1042.-1-k9f3ab2c.9f1c22d07a3be4c1',
    '1042.1000000000-k9f3ab2c.9f1c22d07a3be4c1',
    '1042.3-k9f3ab2.9f1c22d07a3be4c1',
    '1042.3-k9f3ab2c.9F1C22D07A3BE4C1',
    '1042.3-k9f3ab2c.9f1c22d07a3be4c',
    '1042.3-k9f3ab2c.9f1c22d07a3be4c10',
    '9007199254740992.3-k9f3ab2c.9f1c22d07a3be4c1',
    'x'.repeat(100_000),
  ])('is not %j', (text) => {
    expect(() => parseSince(text)).toThrow(bad);
  });

  it('is not now, nor an offset alone', () => {
    expect(() => parsePosition('now')).toThrow(bad);
    expect(() => parsePosition('1042')).toThrow(bad);
  });

  it('is quoted in its refusal only in part when it is long', () => {
    expect(() => parsePosition('x'.repeat(100_000))).toThrow(/^.{1,120}$/);
  });

  it('is the same as another only when offset, epoch and hash are', () => {
    expect(samePosition(POSITION, { ...POSITION })).toBe(true);
    expect(samePosition(POSITION, { ...POSITION, offset: 1 })).toBe(false);
    expect(samePosition(POSITION, { ...POSITION, epoch: '4-k9f3ab2c' })).toBe(false);
    expect(samePosition(POSITION, { ...POSITION, hash: '0f1c22d07a3be4c1' })).toBe(false);
  });
});

describe('since', () => {
  it.each([
    ['now', { kind: 'now' }],
    ['0', { kind: 'position', position: START }],
    ['1', { kind: 'offset', offset: 1 }],
    ['9007199254740991', { kind: 'offset', offset: Number.MAX_SAFE_INTEGER }],
    [TEXT, { kind: 'position', position: POSITION }],
  ])('may be %s', (text, since) => {
    expect(parseSince(text)).toStrictEqual(since);
  });
});

describe('an offset', () => {
  it.each([
    ['0', 0],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', undefined],
    ['00', undefined],
    ['-0', undefined],
    ['1.0', undefined],
    ['1e2', undefined],
    ['', undefined],
  ])('%j is %s', (text, offset) => {
    expect(parseOffset(text)).toBe(offset);
  });
});
