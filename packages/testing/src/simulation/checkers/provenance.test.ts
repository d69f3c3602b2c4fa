import { describe, expect, it } from 'vitest';
import { failed, put, remove, sent, violationOf, writes, type HistoryMaker } from './histories.test-kit.ts';
import { Provenance } from './provenance.ts';

const check = (history: HistoryMaker) => violationOf((ledger) => new Provenance(ledger), history);
const DELETE = { operations: [{ op: 'delete', collection: 'c', key: 'a' }] } as const;
const INCREMENT = { operations: [{ op: 'increment', collection: 'c', key: 'n' }] } as const;

describe('provenance', () => {
  it.each<[what: string, history: HistoryMaker]>([
    [
      'what was asked for',
      (log) => [
        sent(1),
        sent(2, DELETE),
        sent(3, INCREMENT),
        writes(log, put('a', '"1"'), remove('a')),
        writes(log, put('n', '7')),
      ],
    ],
    [
      'what was written though one of its attempts was refused',
      (log) => [sent(1), failed(1, 'refused'), sent(1), writes(log, put('a', '"1"'))],
    ],
    ['what was written though nobody knew', (log) => [sent(1), failed(1, 'unknown'), writes(log, put('a', '"1"'))]],
    [
      'a refusal of what is not in the log',
      (log) => [sent(1), sent(2), failed(1, 'refused'), writes(log, put('a', '"2"'))],
    ],
  ])('accepts %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: HistoryMaker, problem: RegExp]>([
    [
      'a value that nobody sent',
      (log) => [sent(1), writes(log, put('a', '"2"'))],
      /1 makes c\/a "2", which nobody asked/,
    ],
    [
      'a value on another document',
      (log) => [sent(1), writes(log, put('b', '"1"'))],
      /1 makes c\/b "1", which nobody asked/,
    ],
    [
      'a write before it was sent',
      (log) => [writes(log, put('a', '"1"')), sent(1)],
      /1 makes c\/a "1", which nobody asked/,
    ],
    [
      'a delete that nobody sent',
      (log) => [sent(1), writes(log, put('a', '"1"'), remove('a'))],
      /2 makes c\/a a delete, which nobody/,
    ],
    [
      'an operator on another document',
      (log) => [sent(1, INCREMENT), writes(log, put('m', '7'))],
      /1 makes c\/m 7, which nobody/,
    ],
    [
      'a write that was refused before',
      (log) => [sent(1), failed(1, 'refused'), writes(log, put('a', '"1"'))],
      /1 makes c\/a "1", which was refused/,
    ],
    [
      'a refusal of what is written',
      (log) => [sent(1), writes(log, put('a', '"1"')), failed(1, 'refused')],
      /1 holds what write 1 asked for, which was refused/,
    ],
    [
      'an operator that was refused',
      (log) => [sent(1, INCREMENT), failed(1, 'refused'), writes(log, put('n', '7'))],
      /1 makes c\/n 7, which was refused/,
    ],
  ])('objects to %s', (_, history, problem) => {
    expect(check(history)).toMatch(problem);
  });
});
