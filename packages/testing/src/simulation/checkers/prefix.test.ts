import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { DocumentsSeen } from '../history.ts';
import {
  damaged,
  FOLLOWER,
  published,
  put,
  remove,
  settled,
  settledNode,
  started,
  violationOf,
  writes,
  type HistoryMaker,
} from './histories.test-kit.ts';
import { Prefix } from './prefix.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Prefix(ledger), history);

/** A history whose last publication shows these documents. The log has made a of 3, and b of 2, which is gone. */
function showing(...documents: readonly (readonly [string, number, string])[]): HistoryMaker {
  const seen: DocumentsSeen = new Map(
    documents.map(([key, offset, valueText]) => [`c\0${key}`, { offset, valueText }]),
  );
  return (log) => [
    writes(log, put('a', '1'), put('b', '2')),
    { ...writes(log, put('a', '3'), remove('b'), put('d', '{"value":[1,"}"]}')), documents: seen },
  ];
}

const RIGHT = ['d', 5, '{"value":[1,"}"]}'] as const;

describe('prefix', () => {
  it.each<[what: string, history: HistoryMaker]>([
    ['documents that are what the log makes of them', showing(['a', 3, '3'], RIGHT)],
    [
      'a follower that is behind, and one that has nothing',
      (log) => {
        const first = writes(log, put('a', '1'));
        return [
          started(log, { ...FOLLOWER, log: null, head: START, records: [] }),
          first,
          writes(log, put('a', '2')),
          { ...first, ...FOLLOWER },
          settled(
            settledNode(log),
            settledNode(log, { ...FOLLOWER, head: first.head, documents: first.documents! }),
            settledNode(log, { node: 'new', role: 'follower', head: START, documents: new Map() }),
          ),
        ];
      },
    ],
    [
      'anything on a damaged disk, and what cannot be seen',
      (log) => [
        { ...writes(log, put('a', '1')), documents: null },
        damaged('leader'),
        published(log, { documents: new Map() }),
        settled(settledNode(log, { documents: new Map(), isDamaged: true })),
      ],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    ['a document that is missing', showing(['a', 3, '3']), /on leader at 5: c\/d is missing/],
    ['a document that was deleted', showing(['a', 3, '3'], ['b', 2, '2'], RIGHT), /c\/b of offset 2 is there/],
    ['a document that never was', showing(['a', 3, '3'], ['x', 9, '9'], RIGHT), /c\/x of offset 9 is there/],
    ['an older version', showing(['a', 1, '1'], RIGHT), /c\/a is of offset 1, it should be of 3/],
    ['another value', showing(['a', 3, '4'], RIGHT), /c\/a of offset 3 is 4, it should be 3/],
    [
      'documents ahead of the head',
      (log) => {
        const first = writes(log, put('a', '1'));
        const second = writes(log, put('a', '2'));
        return [first, second, { ...first, ...FOLLOWER, documents: second.documents }];
      },
      /on follower at 1: c\/a is of offset 2/,
    ],
    [
      'a head that nobody has published',
      (log) => [{ ...writes(log, put('a', '1')), head: { ...log.head, offset: 9 } }],
      /at 9, and nobody has published up to it/,
    ],
    [
      'another value when all has settled',
      (log) => [writes(log, put('a', '1')), settled(settledNode(log, { documents: new Map() }))],
      /on leader at 1: c\/a is missing/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
