import { describe, expect, it } from 'vitest';
import { epochContinues, epochCounter, epochOf, isEpoch, makeEpoch, parseEpoch } from './epoch.ts';

describe('an epoch', () => {
  it('is a counter and eight characters made from random bytes', () => {
    expect(makeEpoch(3, new Uint8Array([0, 9, 10, 35, 36, 255, 1, 2]))).toBe('3-09az0312');
    expect(parseEpoch('3-k9f3ab2c')).toStrictEqual({ counter: 3, suffix: 'k9f3ab2c' });
    expect(epochCounter('12-00000000')).toBe(12);
  });

  it.each([
    '',
    '3',
    '3-',
    '-k9f3ab2c',
    '03-k9f3ab2c',
    '3-k9f3ab2',
    '3-k9f3ab2cc',
    '3-K9f3ab2c',
    '3_k9f3ab2c',
    '1000000000-k9f3ab2c',
  ])('is not %j', (text) => {
    expect(isEpoch(text)).toBe(false);
    expect(() => parseEpoch(text)).toThrow(expect.objectContaining({ code: 'bad_position' }));
  });

  it.each([
    ['3-aaaaaaaa', '3-aaaaaaaa', true, 'the same'],
    ['3-aaaaaaaa', '4-aaaaaaaa', true, 'a later one'],
    ['9-aaaaaaaa', '10-aaaaaaaa', true, 'a later one, compared as a number'],
    ['3-aaaaaaaa', '2-zzzzzzzz', false, 'an older one'],
    ['3-aaaaaaaa', '3-bbbbbbbb', false, 'a rival'],
  ])('%s may be continued by %s: %s, %s', (before, next, answer) => {
    expect(epochContinues(before, next)).toBe(answer);
  });
});

describe('a history', () => {
  const history = [
    { epoch: '1-aaaaaaaa', offsetFirst: 1 },
    { epoch: '2-bbbbbbbb', offsetFirst: 10 },
    { epoch: '5-cccccccc', offsetFirst: 11 },
  ];

  it.each([
    [0, '1-aaaaaaaa'],
    [1, '1-aaaaaaaa'],
    [9, '1-aaaaaaaa'],
    [10, '2-bbbbbbbb'],
    [11, '5-cccccccc'],
    [1000, '5-cccccccc'],
  ])('says that offset %i was written by %s', (offset, epoch) => {
    expect(epochOf(history, offset)).toBe(epoch);
  });
});
