import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime, parseTime } from './clock.ts';

const NEW_YEAR = Date.UTC(2026, 0, 1);

describe('a time of RFC 3339', () => {
  it.each([
    ['2026-01-01T00:00:00Z', 0],
    ['2026-01-01t00:00:00z', 0],
    ['2026-01-01T00:00:00.5Z', 500],
    ['2026-01-01T02:30:00.25+02:30', 250],
    ['2025-12-31T19:00:00-05:00', 0],
    ['2026-01-01T00:00:00.001000Z', 1],
    ['2026-01-01T00:00:00.0010001Z', 2],
    ['2026-01-01T00:00:00.999999999Z', 1000],
  ])('%s is the first whole millisecond at or after it', (text, ms) => {
    expect(parseTime(text)! - NEW_YEAR).toBe(ms);
  });

  it('is read as it is written', () => {
    const time = fc.integer({ min: Date.UTC(0, 0, 1), max: Date.UTC(9999, 11, 31) });
    fc.assert(fc.property(time, (ms) => parseTime(isoTime(ms)) === ms));
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00 01:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01',
    '2026-1-1T00:00:00Z',
    '2026-01-01T00:00Z',
    '2026-01-01T00:00:00.Z',
    '+02026-01-01T00:00:00Z',
    'yesterday',
    '',
  ])('is not %s', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
