import { describe, expect, it } from 'vitest';
import { put, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';
import { LogTime } from './log-time.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new LogTime(ledger), history);

describe('log time', () => {
  it('accepts time that stands still or goes on', () => {
    const history: HistoryMaker = (log) => [
      writes(log, put('a', '1', { ts: 1000 }), put('b', '1', { ts: 1000 })),
      writes(log, put('a', '2', { ts: 9000 })),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[where: string, history: HistoryMaker]>([
    ['inside a record', (log) => [writes(log, put('a', '1', { ts: 1000 }), put('b', '1', { ts: 999 }))]],
    ['between records', (log) => [writes(log, put('a', '1', { ts: 1000 })), writes(log, put('b', '1', { ts: 999 }))]],
  ])('objects to time that goes back %s', (_, history) => {
    expect(check(history)).toMatch(/at 2 time goes back from 1000 to 999/);
  });
});
