import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { CountBook, Recounts } from './counts.ts';
import { documentKey } from './level/layout.ts';
import type { Level } from './level/level.ts';

const by = (delta: number | null): ReadonlyMap<string, number | null> => new Map([['c', delta]]);

describe('the book of counts', () => {
  it('adds what is known, forgets with what is not, and knows an unheard-of collection to be empty', () => {
    const book = new CountBook(new Map([['c', 5]]));
    expect(book.get('new')).toBe(0);
    expect(book.after('c', -2)).toBe(3);
    book.apply(by(-2));
    book.apply(by(4));
    expect(book.get('c')).toBe(7);
    book.apply(by(null));
    book.apply(by(1));
    expect([book.get('c'), book.after('c', 1), book.names()]).toStrictEqual([null, null, ['c']]);
  });

  it('adds to a recount what happened since it began', () => {
    const book = new CountBook(new Map([['c', null]]));
    book.apply(by(100));
    book.beginRecount('c');
    book.apply(by(2));
    book.apply(by(-1));
    book.endRecount('c', 10);
    book.apply(by(1));
    expect(book.get('c')).toBe(12);
  });

  it('does not believe a recount during which something unknown happened', () => {
    const book = new CountBook(new Map([['c', null]]));
    book.beginRecount('c');
    book.apply(by(null));
    book.endRecount('c', 10);
    expect(book.get('c')).toBeNull();
    book.beginRecount('c');
    book.endRecount('c', 11);
    expect(book.get('c')).toBe(11);
  });
});

describe('a recount', () => {
  it('counts its collection as of when it began, once for all who ask meanwhile', async () => {
    const level: Level = new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
    for (const [collection, key] of [
      ['b', 'x'],
      ['c', '1'],
      ['c', '2'],
      ['cc', '1'],
    ] as const) {
      await level.put(documentKey(collection, key), Buffer.of(1));
    }
    let turns = 0;
    const recounts = new Recounts(
      () => level,
      (work) => {
        turns++;
        return work();
      },
    );
    const book = new CountBook(new Map([['c', null]]));
    const asked = [recounts.count('c', book), recounts.count('c', book)];
    book.apply(by(1));
    await level.put(documentKey('c', '3'), Buffer.of(1));
    expect([await Promise.all(asked), turns]).toStrictEqual([[2, 2], 1]);
    expect(book.get('c')).toBe(3);
    expect([await recounts.count('c', book), turns]).toStrictEqual([3, 2]);
  });
});
