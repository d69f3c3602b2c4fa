import { describe, expect, it } from 'vitest';
import { RecentlyWritten } from './recently-written.ts';

const MADE = { isThere: true, wasThere: false };
const WRITTEN_AGAIN = { isThere: true, wasThere: true };
const DELETED = { isThere: false, wasThere: true };

describe('what was written lately', () => {
  it('knows what was noted last of each document that is written again, and nothing of others', () => {
    const recent = new RecentlyWritten();
    recent.note('c\0a', WRITTEN_AGAIN);
    recent.note('c\0b', WRITTEN_AGAIN);
    recent.note('c\0b', DELETED);
    recent.note('c\0c', MADE);
    recent.note('c\0d', DELETED);
    const known = ['c\0a', 'c\0b', 'c\0c', 'c\0d', 'c\0e'].map((id) => recent.isThere(id));
    expect(known).toStrictEqual([true, false, undefined, undefined, undefined]);
    recent.note('c\0b', MADE);
    expect(recent.isThere('c\0b')).toBe(true);
  });

  it('prefers the newer half, forgets the older one, and stays bounded', () => {
    const recent = new RecentlyWritten();
    recent.note('first', WRITTEN_AGAIN);
    for (let i = 0; i < 25_000; i++) recent.note(`filler-${i}`, WRITTEN_AGAIN);
    expect(recent.isThere('first')).toBe(true);
    recent.note('first', DELETED);
    expect(recent.isThere('first')).toBe(false);
    for (let i = 0; i < 75_000; i++) recent.note(`more-${i}`, WRITTEN_AGAIN);
    expect(recent.isThere('first')).toBeUndefined();
    const known = Array.from({ length: 75_000 }, (_, i) => recent.isThere(`more-${i}`)).filter((is) => is === true);
    expect(known.length).toBeLessThanOrEqual(50_000);
  });

  it('leaves long names alone, and forgets everything when told', () => {
    const recent = new RecentlyWritten();
    recent.note('x'.repeat(201), WRITTEN_AGAIN);
    recent.note('x', WRITTEN_AGAIN);
    expect(recent.isThere('x'.repeat(201))).toBeUndefined();
    recent.clear();
    expect(recent.isThere('x')).toBeUndefined();
  });
});
