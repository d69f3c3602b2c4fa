import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Gapless } from './gapless.ts';
import {
  damaged,
  ended,
  EPOCH,
  FOLLOWER,
  published,
  put,
  recordOf,
  started,
  violationOf,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';

const EMPTY = { head: START, records: [] } as const;
const check = (history: HistoryMaker) => violationOf((ledger) => new Gapless(ledger), history);

describe('gapless', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'logs that go on, life after life',
      (log) => [
        started(log),
        writes(log, put('a', '1'), put('b', '1')),
        writes(log, put('a', '2')),
        ended('leader'),
        started(log),
        writes(log, put('a', '3')),
      ],
    ],
    [
      'a follower that finds its log',
      (log) => [
        started(log, { ...FOLLOWER, log: null }),
        started(log),
        writes(log, put('a', '1')),
        writes(log, put('a', '2')),
        published(log, { ...FOLLOWER, records: [...log.records] }),
      ],
    ],
    [
      'a log that was trimmed',
      (log) => [
        started(log),
        writes(log, put('a', '1')),
        writes(log, put('a', '2')),
        ended('leader', 'stopped'),
        started(log, { records: log.records.slice(1) }),
      ],
    ],
    [
      'a damaged log as it is found',
      (log) => [
        started(log),
        writes(log, put('a', '1')),
        writes(log, put('a', '2')),
        ended('leader'),
        damaged('leader'),
        started(log, { records: log.records.slice(0, 1) }),
      ],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'a gap in what was published',
      (log) => {
        const start = started(log);
        log.write(put('a', '1'));
        return [start, writes(log, put('a', '2'))];
      },
      /at 2 that should begin at 1/,
    ],
    [
      'a record twice',
      (log) => [started(log), writes(log, put('a', '1')), published(log)],
      /at 1 that should begin at 2/,
    ],
    [
      'a head that goes back',
      (log) => {
        const first = writes(log, put('a', '1'));
        return [started(log, EMPTY), first, writes(log, put('a', '2')), first];
      },
      /at 1 that should begin at 3/,
    ],
    [
      'a broken chain',
      (log) => {
        const first = writes(log, put('a', '1'));
        const record = recordOf({
          changes: [put('a', '2')],
          after: { offset: 1, epoch: EPOCH, hash: 'ffffffffffffffff' },
        });
        return [started(log, EMPTY), first, published(log, { records: [record] })];
      },
      /is chained to ffffffffffffffff where/,
    ],
    [
      'an older epoch',
      (log) => {
        const first = writes(log, put('a', '1'));
        const record = recordOf({ changes: [put('a', '2')], after: log.head, epoch: '0-bbbbbbbb' });
        return [started(log, EMPTY), first, published(log, { records: [record] })];
      },
      /of epoch 0-bbbbbbbb .*, behind one of 1-aaaaaaaa/,
    ],
    [
      'a head that is not the end',
      (log) => [started(log), { ...writes(log, put('a', '1')), head: START }],
      /published up to 1\..* says its head is 0/,
    ],
    ['a publication of nothing', (log) => [started(log), published(log, { records: [] })], /published nothing/],
    [
      'a publication by a node that does not run',
      (log) => [started(log), ended('leader'), writes(log, put('a', '1'))],
      /published without running/,
    ],
    ['a second start in one life', (log) => [started(log), started(log)], /started while it ran/],
    [
      'another log in one life',
      (log) => [started(log), { ...writes(log, put('a', '1')), log: 'log-2' }],
      /went from log log-1 to log log-2/,
    ],
    [
      'a gap in what was there',
      (log) => {
        for (const value of ['1', '2', '3']) log.write(put('a', value));
        return [started(log, { records: [log.records[0]!, log.records[2]!] })];
      },
      /at 3 that should begin at 2/,
    ],
    [
      'a beginning that is chained to something',
      (log) => {
        const after = { ...START, hash: 'ffffffffffffffff' };
        return [started(log, { records: [recordOf({ changes: [put('a', '1')], after })] })];
      },
      /is chained to ffffffffffffffff where 0000000000000000 stands/,
    ],
    [
      'a head beside the log',
      (log) => {
        log.write(put('a', '1'));
        return [started(log, { head: START })];
      },
      /started at 0 with a log that ends at 1/,
    ],
    [
      'a trimmed log that was chained to something else',
      (log) => {
        const first = writes(log, put('a', '1'));
        const after = { offset: 1, epoch: EPOCH, hash: 'ffffffffffffffff' };
        const second = recordOf({ changes: [put('a', '2')], after });
        return [
          started(log, EMPTY),
          first,
          ended('leader'),
          started(log, { head: { offset: 2, epoch: EPOCH, hash: second.hash }, records: [second] }),
        ];
      },
      /is chained to ffffffffffffffff where/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
