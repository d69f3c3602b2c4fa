import { describe, expect, it } from 'vitest';
import { put, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';
import { Transactions } from './transactions.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Transactions(ledger), history);
const IDEM = `${'a'.repeat(32)}.${'b'.repeat(32)}`;

describe('transactions', () => {
  it('accepts whole ones, between single changes and behind each other', () => {
    const history: HistoryMaker = (log) => [
      writes(log, put('a', '1')),
      writes(log, put('a', '2'), put('a', '3', { tx: 4, idem: IDEM }), put('b', '3', { tx: 4 }), put('c', '4')),
      writes(
        log,
        put('a', '5', { tx: 7, idem: IDEM }),
        put('b', '5', { tx: 7 }),
        put('a', '6', { tx: 9 }),
        put('b', '6', { tx: 9 }),
      ),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'one that goes on in the next record',
      (log) => [writes(log, put('a', '1', { tx: 2 })), writes(log, put('b', '1', { tx: 2 }))],
      /1 is of a transaction that ends at 2, behind its record's 1/,
    ],
    [
      'a stranger inside one',
      (log) => [writes(log, put('a', '1', { tx: 3 }), put('b', '1'), put('c', '1', { tx: 3 }))],
      /2 stands inside the transaction that ends at 3/,
    ],
    [
      'two that overlap',
      (log) => [writes(log, put('a', '1', { tx: 2 }), put('b', '1', { tx: 3 }), put('c', '1', { tx: 3 }))],
      /2 stands inside the transaction that ends at 2/,
    ],
    [
      'the end of one without its beginning',
      (log) => [writes(log, put('a', '1', { tx: 1 }))],
      /nothing of it stands before/,
    ],
    [
      'a digest that is not on the first change',
      (log) => [writes(log, put('a', '1', { tx: 2 }), put('b', '1', { tx: 2, idem: IDEM }))],
      /2 carries a digest, and is not the first/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
