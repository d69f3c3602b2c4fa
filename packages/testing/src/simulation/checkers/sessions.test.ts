import { describe, expect, it } from 'vitest';
import {
  damaged,
  ended,
  FOLLOWER,
  published,
  put,
  read,
  remove,
  settled,
  settledNode,
  started,
  violationOf,
  writes,
  type HistoryMaker,
  type LogWriter,
} from './histories.test-kit.ts';
import { Sessions } from './sessions.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Sessions(ledger), history);
const ABSENT = { versionOffset: 0, valueText: undefined } as const;
const AT_FOLLOWER = { node: 'follower', headBefore: 0 } as const;

/** Makes a of 1 and of 2, deletes it with 3, makes it anew with 5; b is of 4. The follower has it all. */
function story(log: LogWriter): ReturnType<HistoryMaker> {
  log.write(put('a', '1'));
  log.write(put('a', '2'));
  log.write(remove('a'), put('b', '4'));
  log.write(put('a', '5'));
  return [started(log), started(log, FOLLOWER)];
}

/** The story, and then a read of the follower. */
function following(more: (log: LogWriter) => Partial<ReturnType<typeof read>>): HistoryMaker {
  return (log) => [...story(log), read(log, { ...AT_FOLLOWER, ...more(log) })];
}

/** A read of a batch that the leader has not published: a of 2. */
function earlyRead(log: LogWriter): ReturnType<HistoryMaker> {
  const start = [started(log), writes(log, put('a', '1'))];
  log.write(put('a', '2'));
  return [...start, read(log, { versionOffset: 2, valueText: '2', headBefore: 1, headAfter: 1 })];
}

/** A read that shows that a is gone before the leader has published that. */
function earlyAbsence(log: LogWriter): ReturnType<HistoryMaker> {
  const start = [started(log), writes(log, put('a', '1'))];
  log.write(remove('a'));
  return [...start, read(log, { ...ABSENT, headBefore: 1, headAfter: 1 })];
}

describe('sessions', () => {
  it.each<[what: string, history: HistoryMaker]>([
    ['the newest version at the leader', (log) => [...story(log), read(log)]],
    [
      'one that was the newest between sending and answer',
      (log) => [
        ...story(log),
        read(log, { headBefore: 2, headAfter: 5 }),
        read(log, { headBefore: 2, headAfter: 5, versionOffset: 2, valueText: '2' }),
        read(log, { headBefore: 2, headAfter: 5, ...ABSENT }),
      ],
    ],
    ['any version at a follower that is asked for nothing', following(() => ({ versionOffset: 1, valueText: '1' }))],
    ['absence at a follower that is asked for nothing', following(() => ABSENT)],
    ['the version of the position', following((log) => ({ minPosition: log.at(2), versionOffset: 2, valueText: '2' }))],
    ['a version behind the position', following((log) => ({ minPosition: log.at(2) }))],
    ['absence behind the position', following((log) => ({ minPosition: log.at(2), ...ABSENT }))],
    ['what was seen before', following(() => ({ minOffset: 2, versionOffset: 2, valueText: '2' }))],
    ['absence at the position', following((log) => ({ minPosition: log.at(4), ...ABSENT }))],
    [
      'a node that has nothing yet',
      (log) => [started(log, { ...FOLLOWER, log: null, records: [] }), read(log, { ...AT_FOLLOWER, ...ABSENT })],
    ],
    ['a batch that is published next', (log) => [...earlyRead(log), published(log), read(log)]],
    ['a batch that is there after a crash', (log) => [...earlyRead(log), ended('leader'), started(log)]],
    ['a delete that is published next', (log) => [...earlyAbsence(log), published(log)]],
    [
      'an old version at a damaged leader',
      (log) => [...story(log), damaged('leader'), read(log, { versionOffset: 2, valueText: '2' })],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'a version older than the position',
      following((log) => ({ minPosition: log.at(2), versionOffset: 1, valueText: '1' })),
      /is of 1, older than 2, and should cover 2/,
    ],
    [
      'a version older than what was seen before',
      following(() => ({ minOffset: 2, versionOffset: 1, valueText: '1' })),
      /is of 1, older than 2, and should cover 2/,
    ],
    [
      'a version that was deleted by then',
      following((log) => ({ minPosition: log.at(4), versionOffset: 2, valueText: '2' })),
      /is of 2, older than 3, and should cover 4/,
    ],
    [
      'absence at a position where it was there',
      following((log) => ({ minPosition: log.at(5), ...ABSENT })),
      /there is none, and 5 made it 5/,
    ],
    [
      'absence that had ended when it was asked',
      (log) => [...story(log), read(log, ABSENT), writes(log, put('b', '6'))],
      /there is none, and 5 made it 5/,
    ],
    [
      'absence that came after the answer',
      (log) => [...story(log), read(log, { ...ABSENT, headBefore: 2, headAfter: 2 })],
      /there is none, and 2 made it 2/,
    ],
    [
      'an old version at the leader',
      (log) => [...story(log), read(log, { versionOffset: 2, valueText: '2' })],
      /is of 2, older than 3, and should cover 5/,
    ],
    ['another value', following(() => ({ versionOffset: 2, valueText: '9' })), /of 2 is 9, and should be 2/],
    [
      'a version of another document',
      following(() => ({ versionOffset: 4, valueText: '4' })),
      /is of 4, which is of c\/b/,
    ],
    [
      'a version that is a delete',
      following(() => ({ versionOffset: 3, valueText: '2' })),
      /is of 3, which deleted it/,
    ],
    [
      'a value without a version',
      following(() => ({ versionOffset: 0, valueText: '2' })),
      /has the value 2, and no version/,
    ],
    [
      'a version without a value',
      following(() => ({ versionOffset: 2, valueText: undefined })),
      /of 2 is undefined, and should be 2/,
    ],
    [
      'a version that nobody has published',
      following(() => ({ versionOffset: 9, valueText: '9', headAfter: 9 })),
      /is of 9, which nobody has published/,
    ],
    ['a version above the head', following(() => ({ headAfter: 4 })), /is of 5, and the log ended at 4/],
    [
      'a position that is not in the log',
      following((log) => ({ minPosition: { ...log.at(2), hash: 'ffffffffffffffff' } })),
      /claims to cover 2\./,
    ],
    [
      'a position behind the log',
      following((log) => ({ minPosition: { ...log.at(5), offset: 9 } })),
      /claims to cover 9\./,
    ],
    [
      'a batch that is not what is published next',
      (log) => {
        const early = earlyRead(log).slice(0, 2);
        const at1 = log.at(1);
        return [
          ...early,
          read(log, { versionOffset: 3, valueText: '2', headBefore: at1.offset, headAfter: at1.offset }),
          published(log),
        ];
      },
      /is of 3, and the log ended at 2/,
    ],
    [
      'a batch that is lost in a crash',
      (log) => [
        ...earlyRead(log),
        ended('leader', 'power-lost'),
        started(log, { head: log.at(1), records: log.records.slice(0, 1) }),
      ],
      /is of 2, and the log ended at 1/,
    ],
    [
      'a batch that never came',
      (log) => [...earlyRead(log), ended('leader'), settled(settledNode(log, { head: log.at(1) }))],
      /is of 2, and the log ended at 1/,
    ],
    [
      'a delete that is not what is published next',
      (log) => {
        const start = [started(log), writes(log, put('a', '1'))];
        return [...start, read(log, { ...ABSENT, headBefore: 1, headAfter: 1 }), writes(log, put('b', '2'))];
      },
      /there is none, and 1 made it 1/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
