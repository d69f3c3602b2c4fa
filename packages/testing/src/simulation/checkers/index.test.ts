import { describe, expect, it } from 'vitest';
import {
  acked,
  ended,
  FOLLOWER,
  LogWriter,
  page,
  published,
  put,
  read,
  sent,
  settled,
  settledNode,
  started,
  writes,
} from './histories.test-kit.ts';
import { allCheckers } from './index.ts';

describe('all checkers', () => {
  it('have names of their own', () => {
    const names = allCheckers().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('accept a run without faults', () => {
    const log = new LogWriter();
    const history = [
      started(log),
      started(log, { ...FOLLOWER, log: null }),
      sent(1),
      writes(log, put('a', '"1"')),
      acked(1, log.head),
      read(log, { minPosition: log.head }),
      page(log, 0),
      published(log, FOLLOWER),
      ended('leader', 'stopped'),
      started(log),
      settled(settledNode(log), settledNode(log, FOLLOWER)),
    ];
    const checkers = allCheckers();
    for (const event of history) for (const checker of checkers) checker.observe({ ...event, ms: 0 });
    expect(checkers.length).toBeGreaterThan(0);
  });

  it('are fed: a world in which an offset has two contents is refused', () => {
    const [log, rival] = [new LogWriter(), new LogWriter()];
    const checkers = allCheckers();
    const history = [started(log), started(rival, FOLLOWER), sent(1), sent(2), writes(log, put('a', '"1"'))];
    const second = { ...writes(rival, put('a', '"2"')), ...FOLLOWER };
    for (const event of history) for (const checker of checkers) checker.observe({ ...event, ms: 0 });
    expect(() => {
      for (const checker of checkers) checker.observe({ ...second, ms: 0 });
    }).toThrow(/was there before it/);
  });
});
