import { describe, expect, it } from 'vitest';
import { acked, ended, put, sent, started, writes, LogWriter } from '../histories.test-kit.ts';
import { meshCheckers } from './index.ts';
import type { HistoryEvent } from '../../history.ts';

const NODES = ['a', 'b'].map((name) => ({ name, peers: [] }));
const atNode = (node: string, event: HistoryEvent): HistoryEvent =>
  ({ ...event, node, ...('role' in event ? { role: 'mesh' } : {}) }) as HistoryEvent;

function tell(history: readonly HistoryEvent[]): void {
  const checkers = meshCheckers(NODES);
  for (const event of history) for (const checker of checkers) checker.observe({ ...event, ms: 0 });
}

describe('each node of a mesh', () => {
  const change = put('a', '"1"', { origin: 'a', stamp: '1000.1.i1' });

  it('has a log of its own: what is at an offset of one says nothing of another', () => {
    const [a, b] = [new LogWriter(), new LogWriter()];
    const history = [
      atNode('a', started(a)),
      atNode('b', started(b)),
      atNode('a', sent(1)),
      atNode('a', writes(a, change)),
      acked(1, a.head),
      atNode('b', writes(b, put('a', '"1"', { origin: 'a', stamp: '1000.1.i1', ts: 2000 }))),
    ];
    expect(() => tell(history)).not.toThrow();
  });

  it('is held to what a leader is held to: what it has acknowledged is there when it starts again', () => {
    const a = new LogWriter();
    const beginning = [atNode('a', started(a)), atNode('a', sent(1)), atNode('a', writes(a, change)), acked(1, a.head)];
    const again = [atNode('a', ended('a')), atNode('a', started(new LogWriter()))];
    expect(() => tell([...beginning, ...again])).toThrow(/published 1 and started at 0/);
  });
});
