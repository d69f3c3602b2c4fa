import { describe, expect, it } from 'vitest';
import { Cleared } from './cleared.ts';
import { acked, put, remove, sent, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Cleared(ledger), history);
const clearing = {
  isClearing: true,
  operations: ['a', 'b'].map((key) => ({ op: 'delete', collection: 'c', key }) as const),
} as const;

describe('cleared', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'nothing left',
      (log) => [
        ...[sent(1), writes(log, put('a', '1')), acked(1, log.head)],
        ...[sent(2, clearing), writes(log, remove('a')), acked(2, log.head)],
      ],
    ],
    [
      'what was written again meanwhile',
      (log) => [
        ...[sent(1), writes(log, put('a', '1')), acked(1, log.head), sent(2, clearing), sent(3)],
        ...[writes(log, put('a', '3')), acked(2, log.head)],
      ],
    ],
    [
      'what was acknowledged only when it had been sent',
      (log) => [sent(1), writes(log, put('a', '1')), sent(2, clearing), acked(1, log.head), acked(2, log.head)],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it('objects to what was there before, and is there still', () => {
    const history: HistoryMaker = (log) => [
      ...[sent(1), writes(log, put('b', '1')), acked(1, log.head)],
      ...[sent(2), writes(log, put('a', '2')), acked(2, log.head)],
      ...[sent(3, clearing), writes(log, remove('a')), acked(3, log.head)],
    ];
    expect(check(history)).toMatch(/b is as 1 made it, behind the deletion of all that ended at 3/);
  });
});
