import { formatPosition } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../history.ts';
import { Feed } from './feed.ts';
import {
  ended,
  FOLLOWER,
  page,
  published,
  put,
  started,
  violationOf,
  writes,
  type EventOf,
  type HistoryMaker,
  type LogWriter,
} from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Feed(ledger), history);

/** Four changes, of which the middle two are one transaction. */
function fourChanges(log: LogWriter): HistoryEvent {
  return writes(log, put('a', '1'), put('a', '2', { tx: 3 }), put('b', '2', { tx: 3 }), put('a', '4'));
}

/** A history of three changes, of 1, 2 and 3 ms, and a time that is found in it. */
function timeFound(found: {
  readonly timeMs: number;
  readonly since: number | string | null;
  readonly tail?: number;
}): HistoryMaker {
  return (log) => {
    const written = [1, 2, 3].map((ts) => writes(log, put('a', `${ts}`, { ts })));
    const { since, timeMs, tail = 1 } = found;
    const text = typeof since === 'number' ? formatPosition(log.at(since)) : since;
    const where = { reader: 'reader', node: 'leader', log: log.id, epoch: log.head.epoch, head: 3, tail };
    return [...written, { kind: 'time-found', ...where, timeMs, since: text }];
  };
}

/** A time that is said to begin with a record of a mesh, whose changes are of 1 and 3 ms. */
function timeWithin(timeMs: number): HistoryMaker {
  return (log) => {
    const written = writes(log, put('a', '1', { ts: 1 }), put('a', '3', { ts: 3 }));
    const where = { reader: 'reader', node: 'leader', log: log.id, epoch: log.head.epoch, head: 2, tail: 1 };
    return [written, { kind: 'time-found', ...where, timeMs, since: '0' }];
  };
}

/** A history of one page that reads all from the beginning, but for what is wrong with it. */
function badPage(wrong: (log: LogWriter) => Partial<EventOf<'page'>>): HistoryMaker {
  return (log) => [fourChanges(log), page(log, 0, wrong(log))];
}

describe('the feed', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'pages that join, in whole transactions',
      (log) => [
        fourChanges(log),
        page(log, 0, { lines: log.lines.slice(0, 3), next: formatPosition(log.at(3)), upToDate: false }),
        page(log, 3),
        page(log, 4),
        writes(log, put('a', '5')),
        page(log, 4),
      ],
    ],
    [
      'a reader that goes on elsewhere, and after a restart',
      (log) => [
        fourChanges(log),
        page(log, 0),
        published(log, FOLLOWER),
        page(log, 4, { node: 'follower' }),
        ended('leader'),
        started(log),
        writes(log, put('a', '5')),
        page(log, 4),
      ],
    ],
    ['a time', timeFound({ timeMs: 2, since: 1 })],
    ['a time before all others', timeFound({ timeMs: 0, since: '0' })],
    ['a time that begins with a record of which some is older', timeWithin(3)],
    ['a time of which something may be gone', timeFound({ timeMs: 3, since: null, tail: 3 })],
    [
      'an empty page of a follower that knows the log of its leader and has nothing of it',
      (log) => [started(log), started(log, { ...FOLLOWER, log: null }), page(log, 0, { node: 'follower' })],
    ],
    [
      'readers that are each where they are',
      (log) => [fourChanges(log), page(log, 0), page(log, 0, { reader: 'other' })],
    ],
    ['an empty log', (log) => [started(log), page(log, 0)]],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'a gap',
      badPage((log) => ({ lines: [log.lines[0]!, log.lines[3]!] })),
      /should get .*"offset":2,.* and got .*"offset":4,/,
    ],
    [
      'a repetition',
      badPage((log) => ({ lines: [log.lines[0]!, ...log.lines] })),
      /should get .*"offset":2,.* and got .*"offset":1,/,
    ],
    [
      'a gap at the beginning',
      badPage((log) => ({ lines: log.lines.slice(1) })),
      /should get .*"offset":1,.* and got .*"offset":2,/,
    ],
    [
      'another content',
      badPage((log) => ({ lines: log.lines.map((line) => line.replace('"value":4', '"value":5')) })),
      /and got .*"value":5/,
    ],
    [
      'a line that nobody has published',
      badPage((log) => ({ lines: [...log.lines, '{"offset":5}'] })),
      /behind 4 that nobody has published/,
    ],
    [
      'half a transaction',
      badPage((log) => ({ lines: log.lines.slice(0, 2), next: formatPosition(log.at(2)), upToDate: false })),
      /ends at 2, inside the transaction that ends at 3/,
    ],
    [
      'a next that skips',
      badPage((log) => ({ lines: log.lines.slice(0, 1), upToDate: false })),
      /told that 4\..* comes next, and that is 1\./,
    ],
    [
      'a next with another hash',
      badPage(() => ({ next: '4.1-aaaaaaaa.ffffffffffffffff' })),
      /told that 4\..*f comes next/,
    ],
    ['a head before the page', badPage(() => ({ head: 3, upToDate: false })), /head is 3, before the page's end at 4/],
    ['a head that nobody has published', badPage(() => ({ head: 9, upToDate: false })), /head is 9, which nobody/],
    [
      'being up to date before the head',
      badPage((log) => ({ lines: log.lines.slice(0, 1), next: formatPosition(log.at(1)) })),
      /upToDate: true at 1 of 4/,
    ],
    ['not being up to date at the head', badPage(() => ({ upToDate: false })), /upToDate: false at 4 of 4/],
    [
      'a page since something else',
      (log) => [fourChanges(log), page(log, 0), page(log, 3)],
      /since 3\..* and is at 4\./,
    ],
    [
      'a page again from the beginning',
      (log) => [fourChanges(log), page(log, 0), page(log, 0)],
      /since 0, and is at 4\./,
    ],
    ['a first page that skips', (log) => [fourChanges(log), page(log, 3)], /since 3\..* and is at 0/],
    [
      'an empty page that hides changes',
      (log) => [fourChanges(log), page(log, 0, { lines: [], next: '0' })],
      /upToDate: true at 0 of 4/,
    ],
    ['a time that begins too late', timeFound({ timeMs: 2, since: 2 }), /begins behind 2, which is of then/],
    ['a time that begins too early', timeFound({ timeMs: 3, since: 1 }), /begins at 2, which is older/],
    ['a time that begins with a record all of which is older', timeWithin(4), /begins at 1, which is older/],
    [
      'a time at another hash',
      timeFound({ timeMs: 2, since: '1.1-aaaaaaaa.ffffffffffffffff' }),
      /behind 1\..*f, not 1\./,
    ],
    [
      'a time that is gone when nothing is',
      timeFound({ timeMs: 1, since: null }),
      /may be gone, and the log begins at 1/,
    ],
    ['a time that is gone when what is left is older', timeFound({ timeMs: 4, since: null, tail: 3 }), /may be gone/],
    ['a page of a log nobody has', badPage(() => ({ log: 'stranger' })), /of log stranger, not of its own/],
    [
      'a page of a log that is not its own',
      (log) => [started(log), published(log, { ...FOLLOWER, log: 'other' }), page(log, 0, FOLLOWER)],
      /not of its own/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
