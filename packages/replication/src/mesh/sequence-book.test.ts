import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceBook } from './sequence-book.ts';

const BOUNDS = { patienceMs: 100, aheadMax: 3, numberingsMax: 2 };

function heard(book: SequenceBook, seqs: readonly number[], nowMs = 0): void {
  for (const seq of seqs) book.heard('n', 'i', seq, nowMs);
}

describe('a book of numbers', () => {
  it('begins with what it hears first, knows what came since, and takes what is below for new', () => {
    const book = new SequenceBook(BOUNDS);
    heard(book, [7, 8]);
    expect([6, 7, 8, 9].map((seq) => book.isKnown('n', 'i', seq))).toEqual([false, true, true, false]);
    expect(book.isKnown('n', 'other', 7)).toBe(false);
    expect(book.isKnown('other', 'i', 7)).toBe(false);
    book.look(1000);
    expect(book.gaps).toBe(0);
  });

  it('does not count as missing what comes late, as long as it comes in time', () => {
    const book = new SequenceBook(BOUNDS);
    heard(book, [1, 4, 3], 0);
    book.look(99);
    heard(book, [2], 99);
    book.look(1000);
    expect({ gaps: book.gaps, known: [1, 2, 3, 4].every((seq) => book.isKnown('n', 'i', seq)) }).toEqual({
      gaps: 0,
      known: true,
    });
  });

  it('counts what is missing for too long once, and takes it for new when it comes after all', () => {
    const book = new SequenceBook(BOUNDS);
    heard(book, [1, 5, 6], 0);
    book.look(99);
    expect(book.gaps).toBe(0);
    book.look(100);
    book.look(1000);
    expect({ gaps: book.gaps, missing: book.missing }).toEqual({ gaps: 1, missing: 3 });
    expect([3, 5, 6, 7].map((seq) => book.isKnown('n', 'i', seq))).toEqual([false, true, true, false]);
  });

  it('counts a gap at once when too many are behind it, and gives a second one time of its own', () => {
    const book = new SequenceBook(BOUNDS);
    heard(book, [1, 3, 5, 6], 0);
    expect(book.gaps).toBe(0);
    heard(book, [7], 50);
    expect({ gaps: book.gaps, missing: book.missing }).toEqual({ gaps: 1, missing: 1 });
    book.look(149);
    expect(book.gaps).toBe(1);
    book.look(150);
    expect({ gaps: book.gaps, missing: book.missing }).toEqual({ gaps: 2, missing: 2 });
  });

  it('remembers so many numberings, and forgets the one not heard for longest', () => {
    const book = new SequenceBook(BOUNDS);
    book.heard('a', 'i', 1, 0);
    book.heard('b', 'i', 1, 0);
    book.heard('a', 'i', 2, 0);
    book.heard('c', 'i', 1, 0);
    expect(['a', 'b', 'c'].map((node) => book.isKnown(node, 'i', 1))).toEqual([true, false, true]);
  });

  it('knows every number it was told, and none it was not, in whatever order they come', () => {
    const bounds = { patienceMs: 1, aheadMax: 1000, numberingsMax: 1 };
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1 }), (seqs) => {
        const book = new SequenceBook(bounds);
        heard(book, seqs);
        const from = seqs[0]!;
        const told = new Set(seqs);
        for (let seq = from; seq <= 41; seq++) expect(book.isKnown('n', 'i', seq)).toBe(told.has(seq));
        // All that is missing is counted, once it is given up hole by hole.
        for (let i = 1; i <= 50; i++) book.look(i);
        const last = Math.max(...seqs);
        const holes = Array.from({ length: last - from + 1 }, (_, i) => from + i).filter((seq) => !told.has(seq));
        expect(book.missing).toBe(holes.length);
      }),
    );
  });
});
