import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Acknowledged } from './acknowledged.ts';
import {
  acked,
  damaged,
  ended,
  FOLLOWER,
  published,
  put,
  recordOf,
  settled,
  settledNode,
  started,
  violationOf,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Acknowledged(ledger), history);
const EMPTY = { head: START, records: [], documents: new Map() } as const;

describe('acknowledged', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'what the leader had published, and keeps',
      (log) => [
        started(log),
        writes(log, put('a', '1'), put('b', '1')),
        acked(1, log.at(1)),
        ended('leader', 'power-lost'),
        started(log),
        acked(2, log.at(2)),
        settled(settledNode(log), settledNode(log, FOLLOWER)),
      ],
    ],
    [
      'what was found in the log after a crash',
      (log) => {
        log.write(put('a', '1'));
        return [started(log), acked(1, log.head)];
      },
    ],
    [
      'a damaged leader that lost it, and followers that cannot get it',
      (log) => [
        writes(log, put('a', '1')),
        acked(1, log.head),
        damaged('leader'),
        started(log, EMPTY),
        settled(settledNode(log, { ...EMPTY, isDamaged: true }), settledNode(log, { ...FOLLOWER, ...EMPTY })),
      ],
    ],
    [
      'a damaged or unready follower that does not have it',
      (log) => [
        writes(log, put('a', '1')),
        acked(1, log.head),
        settled(
          settledNode(log),
          settledNode(log, { ...FOLLOWER, ...EMPTY, isDamaged: true }),
          settledNode(log, { ...FOLLOWER, ...EMPTY, isReady: false }),
        ),
      ],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'an answer before the publication',
      (log) => {
        log.write(put('a', '1'));
        return [started(log, EMPTY), acked(1, log.head), published(log)];
      },
      /1 was acknowledged when the leader had published up to 0/,
    ],
    [
      'an answer of what only a follower has',
      (log) => [{ ...writes(log, put('a', '1')), ...FOLLOWER }, acked(1, log.head)],
      /published up to 0/,
    ],
    [
      'an answer with another hash',
      (log) => [writes(log, put('a', '1')), acked(1, { ...log.head, hash: 'ffffffffffffffff' })],
      /is not in the leader's log/,
    ],
    [
      'a start without it',
      (log) => [writes(log, put('a', '1')), acked(1, log.head), ended('leader', 'power-lost'), started(log, EMPTY)],
      /leader ends at 0, and 1 was acknowledged/,
    ],
    [
      'a start with something else there',
      (log) => [
        writes(log, put('a', '1')),
        acked(1, log.head),
        // Under another log id, so that it is not the ledger that finds it.
        started(log, { log: 'log-2', records: [recordOf({ changes: [put('a', '2')], after: START })] }),
      ],
      /at 1, 1\..* was acknowledged/,
    ],
    [
      'a leader that settles without it',
      (log) => [writes(log, put('a', '1')), acked(1, log.head), settled(settledNode(log, EMPTY))],
      /leader ends at 0, and 1 was acknowledged/,
    ],
    [
      'a follower that settles without it',
      (log) => [
        writes(log, put('a', '1')),
        acked(1, log.head),
        settled(settledNode(log), settledNode(log, { ...FOLLOWER, ...EMPTY })),
      ],
      /follower ends at 0, and 1 was acknowledged/,
    ],
    [
      'a follower that settles with another history',
      (log) => [
        writes(log, put('a', '1')),
        settled(settledNode(log), settledNode(log, { ...FOLLOWER, head: { ...log.head, hash: 'ffffffffffffffff' } })),
      ],
      /follower settled at 1\..*ffffffffffffffff, the log has/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
