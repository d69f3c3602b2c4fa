import type { Position } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { forkOf } from './fork.ts';
import { counterToAsk, planTakeover, promisesNeeded, type Takeover } from './promotion.ts';

const at = (offset: number, epoch = '1-aaaaaaaa'): Position => ({ offset, epoch, hash: '0123456789abcdef' });

function takeover(own: Position, others: readonly Position[], more: Partial<Takeover> = {}): Takeover {
  const promises = [{ url: null, position: own }, ...others.map((position, i) => ({ url: `http://${i}`, position }))];
  return { members: 3, minReplicas: 1, own, promises, silent: [], newestKnown: 0, acceptLoss: false, ...more };
}

const spent = (counter: number) => ({ spent: counter, outstanding: [] });

describe('promises', () => {
  it('that are enough have a member among them that any acknowledged write is on, and one less would not', () => {
    for (let members = 1; members <= 9; members++) {
      for (let minReplicas = 0; minReplicas < members; minReplicas++) {
        const needed = promisesNeeded({ members, minReplicas });
        expect(minReplicas + 1 + needed).toBeGreaterThan(members);
        if (needed > 1) expect(minReplicas + needed).toBeLessThanOrEqual(members);
      }
    }
  });

  it('are of a counter that nobody has seen', () => {
    const history = [{ epoch: '3-aaaaaaaa', offsetFirst: 1 }];
    expect(counterToAsk({ history, promised: spent(0) }, [])).toBe(4);
    expect(counterToAsk({ history, promised: spent(5) }, [])).toBe(6);
    expect(counterToAsk({ history, promised: spent(0) }, [{ history: [], promised: spent(8) }])).toBe(9);
  });
});

describe('a candidate', () => {
  it('leads when it has enough promises and all that those have who gave them', () => {
    expect(planTakeover(takeover(at(7), [at(7)]))).toStrictEqual({ kind: 'lead', mayBeLost: undefined });
    expect(planTakeover(takeover(at(7), [at(5), at(0)]))).toStrictEqual({ kind: 'lead', mayBeLost: undefined });
    expect(planTakeover(takeover(at(7), [at(0)]))).toMatchObject({ kind: 'too-few', given: 1 });
  });

  it('fetches what the most advanced of them has, of the newest epoch first', () => {
    expect(planTakeover(takeover(at(7), [at(9), at(8)]))).toMatchObject({ kind: 'fetch', from: 'http://0' });
    const newer = at(8, '2-bbbbbbbb');
    expect(planTakeover(takeover(at(7), [at(9), newer]))).toStrictEqual({
      kind: 'fetch',
      from: 'http://1',
      position: newer,
    });
    // What was left behind by a newer epoch is not gone back to.
    expect(planTakeover(takeover(newer, [at(20)]))).toMatchObject({ kind: 'lead' });
  });

  it('does not lead with too few, and says what may be lost and who has it', () => {
    const few = takeover(at(7), [], { silent: ['http://a', 'http://b'], newestKnown: 9 });
    const mayBeLost = { after: '7.1-aaaaaaaa.0123456789abcdef', upTo: 9, members: ['http://a', 'http://b'] };
    expect(planTakeover(few)).toStrictEqual({ kind: 'too-few', needed: 2, given: 1, mayBeLost });
    expect(planTakeover({ ...few, acceptLoss: true })).toStrictEqual({ kind: 'lead', mayBeLost });
    expect(planTakeover({ ...few, newestKnown: 7, acceptLoss: true })).toMatchObject({ mayBeLost: { upTo: null } });
  });

  it('gives up what a rival of its epoch has only when told to', () => {
    const rivals = takeover(at(7, '2-bbbbbbbb'), [at(9, '2-rrrrrrrr')]);
    expect(planTakeover(rivals)).toMatchObject({ kind: 'rivals', mayBeLost: { members: ['http://0'] } });
    expect(planTakeover({ ...rivals, acceptLoss: true })).toMatchObject({
      kind: 'lead',
      mayBeLost: { members: ['http://0'] },
    });
  });

  it('needs nobody to accept a loss when it has enough promises beside those of rivals', () => {
    const enough = takeover(at(7, '2-bbbbbbbb'), [at(9, '2-rrrrrrrr'), at(3)]);
    expect(planTakeover(enough)).toStrictEqual({ kind: 'lead', mayBeLost: undefined });
  });
});

describe('where two histories part', () => {
  const [first, second, rival] = [
    { epoch: '1-aaaaaaaa', offsetFirst: 1 },
    { epoch: '2-bbbbbbbb', offsetFirst: 11 },
    { epoch: '2-rrrrrrrr', offsetFirst: 15 },
  ];

  it('is where one has ended, or an epoch has left the other', () => {
    expect(forkOf({ history: [first], head: 20 }, { history: [first, second], head: 12 })).toBe(10);
    expect(forkOf({ history: [first], head: 8 }, { history: [first, second], head: 12 })).toBe(8);
    expect(forkOf({ history: [first], head: 20 }, { history: [first], head: 12 })).toBe(12);
  });

  it('is before both of two rivals, where the first of them began', () => {
    expect(forkOf({ history: [first, rival], head: 30 }, { history: [first, second], head: 12 })).toBe(10);
    expect(forkOf({ history: [first, second], head: 12 }, { history: [first, rival], head: 30 })).toBe(10);
  });

  it('is nowhere when no epoch is common', () => {
    expect(forkOf({ history: [first], head: 20 }, { history: [second], head: 12 })).toBe(0);
  });
});
