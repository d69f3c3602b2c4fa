import { START, type Position, type Since } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { LogBounds } from './place.ts';
import { planRead, type ReadPlan } from './read-planner.ts';

/** One leadership; changes 5 to 10 are kept. */
const EPOCH = '3-aaaaaaaa';
const ours = (offset: number): Position => ({ offset, epoch: EPOCH, hash: String(offset).padStart(16, '0') });
const BOUNDS: LogBounds = { log: 'log', history: [{ epoch: EPOCH, offsetFirst: 1 }], head: ours(10), tail: 5 };

const at = (offset: number, changed: Partial<Position> = {}): Since => ({
  kind: 'position',
  position: { ...ours(offset), ...changed },
});

type Answer = ReadPlan['kind'];
const LEADER = { role: 'leader', underWayTo: 10 } as const;
const FOLLOWER = { role: 'follower', underWayTo: 10 } as const;

describe('a read that must see a position', () => {
  it.each<[what: string, min: Since, leader: Answer, follower: Answer]>([
    ['long trimmed', at(3), 'ready', 'ready'],
    ['kept', at(7), 'ready', 'ready'],
    ['at the head', at(10), 'ready', 'ready'],
    ['above the head', at(11), 'lost', 'wait'],
    ['at an offset above the head', { kind: 'offset', offset: 11 }, 'lost', 'wait'],
    ['at an offset below it', { kind: 'offset', offset: 2 }, 'ready', 'ready'],
    ['now', { kind: 'now' }, 'ready', 'ready'],
    ['on a lost branch of the same epoch', at(7, { hash: 'f'.repeat(16) }), 'lost', 'lost'],
    ['of a newer epoch', at(7, { epoch: '4-zzzzzzzz' }), 'wait', 'wait'],
    ['of a newer epoch, above the head', at(11, { epoch: '4-zzzzzzzz' }), 'wait', 'wait'],
    ['of another log', at(7, { epoch: '3-zzzzzzzz' }), 'lost', 'lost'],
  ])('%s: %s', (_, min, leader, follower) => {
    const offset = min.kind === 'now' ? 10 : min.kind === 'offset' ? min.offset : min.position.offset;
    const held = offset >= 4 && offset <= 10 ? ours(offset) : undefined;
    expect(planRead(min, BOUNDS, held, LEADER)).toStrictEqual({ kind: leader });
    expect(planRead(min, BOUNDS, held, FOLLOWER)).toStrictEqual({ kind: follower });
  });

  it('waits for what a leader is writing, which somebody may have seen', () => {
    const writing = { role: 'leader', underWayTo: 11 } as const;
    for (const min of [at(11), { kind: 'offset', offset: 11 } as const])
      expect(planRead(min, BOUNDS, undefined, writing)).toStrictEqual({ kind: 'wait' });
    expect(planRead(at(12), BOUNDS, undefined, writing)).toStrictEqual({ kind: 'lost' });
  });

  it('waits on a follower that is empty, since it may yet come to hold any log', () => {
    const empty: LogBounds = { ...BOUNDS, head: START, tail: 1 };
    for (const history of [empty.history, []]) {
      for (const epoch of [EPOCH, '1-zzzzzzzz', '3-zzzzzzzz', '9-zzzzzzzz']) {
        expect(planRead(at(7, { epoch }), { ...empty, history }, undefined, FOLLOWER)).toStrictEqual({
          kind: 'wait',
        });
      }
    }
  });

  it('is lost on a leader that is empty', () => {
    const empty: LogBounds = { ...BOUNDS, head: START, tail: 1 };
    for (const epoch of [EPOCH, '1-zzzzzzzz', '3-zzzzzzzz']) {
      const nothing = { role: 'leader', underWayTo: 0 } as const;
      expect(planRead(at(7, { epoch }), empty, undefined, nothing)).toStrictEqual({ kind: 'lost' });
    }
  });
});
