import { describe, expect, it } from 'vitest';
import { Expired } from './expired.ts';
import { put, remove, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Expired(ledger), history);
const defined = (ts: number) => put('sessions', '{"ttlSeconds":1}', { collection: '$definitions', ts });
const session = (ts: number) => put('s', '1', { collection: 'sessions', ts });
const end = (ts: number) => remove('s', { collection: 'sessions', ts });

describe('expired', () => {
  it('accepts the end of a session that has lived for as long as was said', () => {
    expect(check((log) => [writes(log, defined(0), session(500)), writes(log, end(1500))])).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'an end before its time',
      (log) => [writes(log, defined(0), session(500), end(1499))],
      /ends session s after 999 ms/,
    ],
    ['an end that nobody has defined', (log) => [writes(log, session(0), end(5000))], /sessions do not end/],
    [
      'two ends of one session',
      (log) => [writes(log, defined(0), session(0), end(5000)), writes(log, end(6000))],
      /had ended before/,
    ],
    [
      'the end of one that has begun again',
      (log) => [writes(log, defined(0), session(0), session(4500), end(5000))],
      /after 500 ms/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
