import { describe, expect, it } from 'vitest';
import { Backups } from './backups.ts';
import {
  EPOCH,
  published,
  put,
  remove,
  violationOf,
  writes,
  type EventOf,
  type HistoryMaker,
  type LogWriter,
} from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Backups(ledger), history);

/** One that has all that the leader has now. */
function backedUp(log: LogWriter, more: Partial<EventOf<'backed-up'>> = {}): EventOf<'backed-up'> {
  const { head, documents } = log;
  return { kind: 'backed-up', node: 'leader', headBefore: head, position: head, documents, ...more };
}

const restored = (counter: number): EventOf<'restored'> => ({
  kind: 'restored',
  node: 'new',
  position: { offset: 9, epoch: `${counter}-rrrrrrrr`, hash: '0123456789abcdef' },
  askedAtMs: 1000,
});

describe('a backup', () => {
  it('is accepted when it is what the log makes of nothing, as of its position or a later one', () => {
    const history: HistoryMaker = (log) => {
      const first = [writes(log, put('a', '1'), put('b', '1')), backedUp(log)];
      const headBefore = log.head;
      return [...first, writes(log, remove('a'), put('c', '2')), backedUp(log, { headBefore })];
    };
    expect(check(history)).toBeUndefined();
    expect(check((log) => [backedUp(log)])).toBeUndefined();
  });

  it('is objected to when it lacks something, has something else, or is of before it was begun', () => {
    const lacking: HistoryMaker = (log) => [writes(log, put('a', '1')), backedUp(log, { documents: new Map() })];
    expect(check(lacking)).toMatch(/in that of leader, as of 1, c\/a is missing/);
    const mixed: HistoryMaker = (log) => {
      const first = writes(log, put('a', '1'));
      const { head: position } = log;
      return [first, writes(log, put('b', '2')), backedUp(log, { position, headBefore: position })];
    };
    expect(check(mixed)).toMatch(/c\/b of offset 2 is there, and should not be/);
    const old: HistoryMaker = (log) => {
      const first = writes(log, put('a', '1'));
      const { head: position, documents } = log;
      return [first, writes(log, put('b', '2')), backedUp(log, { position, documents })];
    };
    expect(check(old)).toMatch(/ends at 1, and it had 2/);
  });
});

describe('a restored node', () => {
  it('begins an epoch above all that others had when they were asked', () => {
    const history =
      (counter: number): HistoryMaker =>
      (log) => [writes(log, put('a', '1')), published(log, { node: 'new' }), restored(counter)];
    expect(check(history(2))).toBeUndefined();
    expect(check(history(1))).toMatch(new RegExp(`new begins 1-rrrrrrrr, and leader had one of ${EPOCH[0]}`));
  });
});
