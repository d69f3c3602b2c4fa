import { describe, expect, it } from 'vitest';
import {
  acked,
  FOLLOWER,
  published,
  put,
  sent,
  started,
  violationOf,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';
import { Replicated } from './replicated.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Replicated(ledger), history);
const replicas = { count: 1, members: ['follower'] };

describe('replicated', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'what a member had published',
      (log) => [sent(1, { replicas }), writes(log, put('a', '1')), published(log, FOLLOWER), acked(1, log.head)],
    ],
    [
      'what a member had when it started',
      (log) => [sent(1, { replicas }), writes(log, put('a', '1')), started(log, FOLLOWER), acked(1, log.head)],
    ],
    ['a write that asked for nothing', (log) => [sent(1), writes(log, put('a', '1')), acked(1, log.head)]],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker]>([
    ['what only the leader has', (log) => [sent(1, { replicas }), writes(log, put('a', '1')), acked(1, log.head)]],
    [
      'what somebody else has',
      (log) => [
        sent(1, { replicas }),
        writes(log, put('a', '1')),
        published(log, { ...FOLLOWER, node: 'other' }),
        acked(1, log.head),
      ],
    ],
    [
      'what a member had not durably',
      (log) => [
        sent(1, { replicas }),
        writes(log, put('a', '1')),
        published(log, { ...FOLLOWER, durable: 0 }),
        acked(1, log.head),
      ],
    ],
  ])('objects to %s', (_, history) => {
    expect(check(history)).toMatch(/1 was acknowledged as on 1 members, and 0 had it/);
  });
});
