import { describe, expect, it } from 'vitest';
import type { DocumentName } from '../by-name.ts';
import { RecentlyWritten } from './recently-written.ts';

const MADE = { isThere: true, wasThere: false };
const WRITTEN_AGAIN = { isThere: true, wasThere: true };
const DELETED = { isThere: false, wasThere: true };

const named = (key: string): DocumentName => ({ collection: 'c', key });

describe('what was written lately', () => {
  it('knows what was noted last of each document that is written again, and nothing of others', () => {
    const recent = new RecentlyWritten(() => false);
    recent.note(named('a'), WRITTEN_AGAIN);
    recent.note(named('b'), WRITTEN_AGAIN);
    recent.note(named('b'), DELETED);
    recent.note(named('c'), MADE);
    recent.note(named('d'), DELETED);
    const known = ['a', 'b', 'c', 'd', 'e'].map((key) => recent.isThere(named(key)));
    expect(known).toStrictEqual([true, false, undefined, undefined, undefined]);
    recent.note(named('b'), MADE);
    expect(recent.isThere(named('b'))).toBe(true);
  });

  it('prefers the newer half, forgets the older one, and stays bounded', () => {
    const recent = new RecentlyWritten(() => false);
    recent.note(named('first'), WRITTEN_AGAIN);
    for (let i = 0; i < 25_000; i++) recent.note(named(`filler-${i}`), WRITTEN_AGAIN);
    expect(recent.isThere(named('first'))).toBe(true);
    recent.note(named('first'), DELETED);
    expect(recent.isThere(named('first'))).toBe(false);
    for (let i = 0; i < 75_000; i++) recent.note(named(`more-${i}`), WRITTEN_AGAIN);
    expect(recent.isThere(named('first'))).toBeUndefined();
    const known = Array.from({ length: 75_000 }, (_, i) => recent.isThere(named(`more-${i}`))).filter(
      (is) => is === true,
    );
    expect(known.length).toBeLessThanOrEqual(50_000);
  });

  it('leaves long names alone, and forgets everything when told', () => {
    const recent = new RecentlyWritten(() => false);
    recent.note(named('x'.repeat(201)), WRITTEN_AGAIN);
    recent.note(named('x'), WRITTEN_AGAIN);
    expect(recent.isThere(named('x'.repeat(201)))).toBeUndefined();
    recent.clear();
    expect(recent.isThere(named('x'))).toBeUndefined();
  });

  it('knows of a collection that was empty what is new there, until it has been written', () => {
    const recent = new RecentlyWritten((collection) => collection === 'c');
    expect(recent.isThere(named('a'))).toBe(false);
    recent.note(named('a'), MADE);
    expect([recent.isThere(named('a')), recent.isThere(named('b'))]).toStrictEqual([undefined, false]);
    expect(recent.isThere({ collection: 'other', key: 'b' })).toBeUndefined();
  });

  it('takes no collection for empty that is so no more when it begins again, or is one of too many', () => {
    let isEmpty = true;
    const recent = new RecentlyWritten(() => isEmpty);
    expect(recent.isThere(named('a'))).toBe(false);
    isEmpty = false;
    expect(recent.isThere(named('b'))).toBe(false);
    recent.clear();
    expect(recent.isThere(named('b'))).toBeUndefined();
    isEmpty = true;
    for (let i = 0; i < 9; i++) expect(recent.isThere({ collection: `c${i}`, key: 'k' })).toBe(false);
    isEmpty = false;
    const known = Array.from({ length: 9 }, (_, i) => recent.isThere({ collection: `c${i}`, key: 'k' }));
    expect(known).toStrictEqual([undefined, false, false, false, false, false, false, false, false]);
  });
});
