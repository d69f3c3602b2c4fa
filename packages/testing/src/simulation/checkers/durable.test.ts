import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Durable } from './durable.ts';
import {
  damaged,
  ended,
  page,
  published,
  put,
  started,
  violationOf,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Durable(ledger), history);

describe('durable', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'what is on the disk when it is told, and there again after a power cut',
      (log) => [
        started(log),
        writes(log, put('a', '1')),
        page(log, 0),
        page(log, 1),
        ended('leader', 'power-lost'),
        started(log),
      ],
    ],
    [
      'anything of a damaged disk',
      (log) => [
        started(log),
        writes(log, put('a', '1')),
        damaged('leader'),
        page(log, 0, { durable: 0 }),
        published(log, { durable: 0 }),
        started(log, { head: START, records: [] }),
      ],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'a publication before the sync',
      (log) => [{ ...writes(log, put('a', '1')), durable: 0 }],
      /leader published 1, and only 0/,
    ],
    [
      'a page that holds what is not durable',
      (log) => [writes(log, put('a', '1')), page(log, 0, { durable: 0, next: '0', head: 0 })],
      /sent 1, and only 0/,
    ],
    [
      'a page that names a head that is not durable',
      (log) => [writes(log, put('a', '1')), page(log, 0, { durable: 0, next: '0', lines: [] })],
      /named as its head 1, and only 0/,
    ],
    [
      'a page that leads to what is not durable',
      (log) => [writes(log, put('a', '1')), page(log, 0, { durable: 0, head: 0, lines: [] })],
      /named as what comes next 1, and only 0/,
    ],
    [
      'a start without what was published',
      (log) => [writes(log, put('a', '1')), ended('leader', 'power-lost'), started(log, { head: START, records: [] })],
      /published 1 and started at 0/,
    ],
    [
      'a start with nothing at all',
      (log) => [
        writes(log, put('a', '1')),
        ended('leader', 'power-lost'),
        started(log, { log: null, head: START, records: [] }),
      ],
      /published log log-1 and started with none/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
