import { describe, expect, it } from 'vitest';
import { RecentlyWritten } from './recently-written.ts';

describe('what was written lately', () => {
  it('knows what was noted last of each document, and nothing of others', () => {
    const recent = new RecentlyWritten();
    recent.note('c\0a', true);
    recent.note('c\0b', true);
    recent.note('c\0b', false);
    expect(['c\0a', 'c\0b', 'c\0c'].map((id) => recent.isThere(id))).toStrictEqual([true, false, undefined]);
  });

  it('prefers the newer half, forgets the older one, and stays bounded', () => {
    const recent = new RecentlyWritten();
    recent.note('first', true);
    for (let i = 0; i < 25_000; i++) recent.note(`filler-${i}`, true);
    expect(recent.isThere('first')).toBe(true);
    recent.note('first', false);
    expect(recent.isThere('first')).toBe(false);
    for (let i = 0; i < 75_000; i++) recent.note(`more-${i}`, true);
    expect(recent.isThere('first')).toBeUndefined();
    const known = Array.from({ length: 75_000 }, (_, i) => recent.isThere(`more-${i}`)).filter((is) => is === true);
    expect(known.length).toBeLessThanOrEqual(50_000);
  });

  it('leaves long names alone, and forgets everything when told', () => {
    const recent = new RecentlyWritten();
    recent.note('x'.repeat(201), true);
    recent.note('x', true);
    expect(recent.isThere('x'.repeat(201))).toBeUndefined();
    recent.clear();
    expect(recent.isThere('x')).toBeUndefined();
  });
});
