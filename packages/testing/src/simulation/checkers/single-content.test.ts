import { RECORD_HEADER_BYTES, START, type RecordView } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  damaged,
  ended,
  FOLLOWER,
  LogWriter,
  published,
  put,
  recordOf,
  started,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';
import { Ledger } from './ledger.ts';
import { SingleContent } from './single-content.ts';

/** This checker is what feeds the ledger, so it gets one of its own. */
function violationOf(history: HistoryMaker): string | undefined {
  const checker = new SingleContent(new Ledger());
  try {
    for (const event of history(new LogWriter())) checker.observe({ ...event, ms: 0 });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function rotten(record: RecordView): RecordView {
  const bytes = Buffer.from(record.bytes);
  bytes[RECORD_HEADER_BYTES + 1]! ^= 1;
  return { ...record, bytes };
}

const rivals = {
  content: recordOf({ changes: [put('a', '2')], after: START }),
  epoch: recordOf({ changes: [put('a', '1')], after: START, epoch: '2-bbbbbbbb' }),
  extent: recordOf({ changes: [put('a', '1'), put('b', '1')], after: START }),
};

describe('single content', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'one log on all nodes and in all lives',
      (log) => [
        writes(log, put('a', '1'), put('b', '1')),
        published(log, FOLLOWER),
        ended('leader'),
        writes(log, put('a', '2')),
        started(log),
        started(log, FOLLOWER),
      ],
    ],
    [
      'rot that a damaged node has yet to meet',
      (log) => [writes(log, put('a', '1')), damaged('leader'), started(log, { records: log.records.map(rotten) })],
    ],
    [
      'another log',
      (log) => [writes(log, put('a', '1')), started(log, { node: 'other', log: 'log-2', records: [rivals.content] })],
    ],
  ])('accepts %s', (_, history) => {
    expect(violationOf(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'another content',
      (log) => [writes(log, put('a', '1')), published(log, { ...FOLLOWER, records: [rivals.content] })],
      /follower has 1–1 of epoch .* was there before it/,
    ],
    [
      'another epoch',
      (log) => [writes(log, put('a', '1')), published(log, { records: [rivals.epoch] })],
      /1–1 of epoch 2-bbbbbbbb .* 1–1 of epoch 1-aaaaaaaa/,
    ],
    ['another extent', (log) => [writes(log, put('a', '1')), published(log, { records: [rivals.extent] })], /has 1–2/],
    [
      'another content after a start',
      (log) => [writes(log, put('a', '1')), started(log, { records: [rivals.content] })],
      /was there before it/,
    ],
    [
      'an offset that a damaged node uses again',
      (log) => [writes(log, put('a', '1')), damaged('leader'), published(log, { records: [rivals.content] })],
      /was there before it/,
    ],
    [
      'bytes that are not what their hash says',
      (log) => [started(log), published(log, { records: [rotten(log.write(put('a', '1')))] })],
      /not what its hash says/,
    ],
    [
      'rot that is published',
      (log) => [writes(log, put('a', '1')), damaged('leader'), published(log, { records: log.records.map(rotten) })],
      /not what its hash says/,
    ],
    [
      'a line that is none',
      (log) => [writes(log, put('a', '1'), put('b', '1', { tx: 1 }))],
      /no line is in a log: \{"offset":2/,
    ],
    [
      'lines that are not of their record',
      (log) => {
        const record = log.write(put('a', '1'));
        return [published(log, { records: [{ ...record, offsetFirst: 2, offsetLast: 2 }] })];
      },
      /not what its hash says/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(violationOf(history)).toMatch(problem);
  });
});
