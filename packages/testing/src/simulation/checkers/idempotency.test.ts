import { describe, expect, it } from 'vitest';
import { acked, failed, put, remove, sent, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';
import { Idempotency } from './idempotency.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Idempotency(ledger), history);
const idemOf = (id: number): string => `${String(id).padStart(32, '0')}.${'b'.repeat(32)}`;
const KEY = { idempotencyKey: 'key' };
const NEXT_DAY = 1000 + 25 * 3600 * 1000;
const PAIR = {
  idempotencyKey: 'pair',
  operations: [
    { op: 'put', collection: 'c', key: 'a', valueText: '"1"' },
    { op: 'delete', collection: 'c', key: 'b' },
    { op: 'increment', collection: 'c', key: 'n' },
  ],
} as const;

describe('idempotency', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'a write with a key that happens once, and is answered twice',
      (log) => [
        sent(1, KEY),
        sent(1, KEY),
        writes(log, put('a', '"1"', { idem: idemOf(1) })),
        acked(1, log.head),
        acked(1, log.head),
      ],
    ],
    [
      'a write without a key that happens as often as it was sent',
      (log) => [
        sent(1),
        sent(1),
        writes(log, put('a', '"1"'), put('a', '"1"')),
        acked(1, log.at(1)),
        acked(1, log.at(2)),
      ],
    ],
    [
      'a transaction where its answer says',
      (log) => [
        sent(2, { operations: [{ op: 'put', collection: 'c', key: 'b', valueText: '0' }] }),
        sent(1, PAIR),
        writes(
          log,
          put('b', '0'),
          put('a', '"1"', { tx: 4, idem: idemOf(1) }),
          remove('b', { tx: 4 }),
          put('n', '1', { tx: 4 }),
        ),
        acked(1, log.at(4)),
      ],
    ],
    [
      'a key that comes again when it is forgotten',
      (log) => [
        sent(1, KEY),
        sent(1, KEY),
        writes(log, put('a', '"1"', { idem: idemOf(1) })),
        acked(1, log.head),
        writes(log, put('a', '"1"', { idem: idemOf(1), ts: NEXT_DAY })),
        acked(1, log.at(2)),
      ],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'two transactions of one key',
      (log) => [
        sent(1),
        sent(2),
        writes(log, put('a', '"1"', { idem: idemOf(1) })),
        writes(log, put('a', '"2"', { idem: idemOf(1) })),
      ],
      /2 is of the same idempotency key as 1/,
    ],
    [
      'a write with a key that happens twice',
      (log) => [
        sent(1, KEY),
        sent(1, KEY),
        writes(log, put('a', '"1"', { idem: idemOf(1) }), put('a', '"1"', { idem: idemOf(2) })),
      ],
      /with 2 a change of c\/a is in the log 2 times, 1 may be/,
    ],
    [
      'a write without a key, sent once, that happens twice',
      (log) => [sent(1), writes(log, put('a', '"1"')), writes(log, put('a', '"1"'))],
      /with 2 a change of c\/a is in the log 2 times/,
    ],
    [
      'an operator that happens twice',
      (log) => [
        sent(1, { operations: [{ op: 'increment', collection: 'c', key: 'n' }] }),
        writes(log, put('n', '1')),
        writes(log, put('n', '2')),
      ],
      /with 2 a change of c\/n is in the log 2 times/,
    ],
    [
      'an attempt that is in the log and turns out to be refused',
      (log) => [sent(1), sent(1), writes(log, put('a', '"1"')), writes(log, put('a', '"1"')), failed(1, 'refused')],
      /with 2 a change of c\/a is in the log 2 times, 1 may be/,
    ],
    [
      'two places of one write',
      (log) => [
        sent(1, KEY),
        writes(log, put('a', '"1"', { idem: idemOf(1) })),
        acked(1, log.at(1)),
        acked(1, { ...log.at(1), hash: 'ffffffffffffffff' }),
      ],
      /write 1 was acknowledged at 1\..* and at 1\..*f/,
    ],
    [
      'an answer that names another write',
      (log) => [sent(1), sent(2), writes(log, put('a', '"1"'), put('a', '"2"')), acked(1, log.at(2))],
      /write 1 was acknowledged at 2, which is not where it is/,
    ],
    [
      'an answer that names the middle of a transaction',
      (log) => [
        sent(1, PAIR),
        writes(log, put('a', '"1"', { tx: 3, idem: idemOf(1) }), remove('b', { tx: 3 }), put('n', '1', { tx: 3 })),
        acked(1, log.at(2)),
      ],
      /write 1 was acknowledged at 2, which is not where it is/,
    ],
    [
      'an answer of a part of a write',
      (log) => [
        sent(1, PAIR),
        writes(log, put('a', '"1"', { tx: 2, idem: idemOf(1) }), remove('b', { tx: 2 })),
        acked(1, log.at(2)),
      ],
      /write 1 was acknowledged at 2, which is not where it is/,
    ],
    [
      'a key that left no digest',
      (log) => [sent(1, KEY), writes(log, put('a', '"1"')), acked(1, log.head)],
      /write 1 is at 1 without the digest of its key/,
    ],
    ['an answer to nobody', (log) => [acked(7, log.head)], /write 7 was acknowledged, and nobody sent it/],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
