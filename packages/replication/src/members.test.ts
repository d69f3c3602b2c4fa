import { START } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberIds, replicasOf, replicatedUpTo } from './members.ts';
import { newSlot, type Slot } from './slots.ts';

const LOG = 'l';

function slot(id: string, offset: number): Slot {
  return { ...newSlot(id, 0), applied: { ...START, offset } };
}

describe('a member', () => {
  it('counts under the id it says it has, unless it is on another log', () => {
    const members = [
      { url: 'a', node: 'of-this', log: LOG },
      { url: 'b', node: 'of-none', log: null },
      { url: 'c', node: 'of-another', log: 'm' },
      { url: 'd', node: null, log: null },
    ];
    expect([...memberIds(members, LOG)]).toStrictEqual(['of-this', 'of-none']);
  });
});

describe('what so many members have', () => {
  const slots = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'x'), offset: fc.nat(20) }), { maxLength: 8 });

  it('is what that many of them, and no other followers, have acknowledged', () => {
    const property = fc.property(slots, fc.integer({ min: 1, max: 4 }), fc.nat(25), (given, replicas, offset) => {
      const each = [...new Map(given.map(({ id, offset: at }) => [id, slot(id, at)])).values()];
      const members = new Set(['a', 'b', 'c']);
      const having = each.filter(({ id, applied }) => members.has(id) && applied.offset >= offset).length;
      expect(replicasOf(each, members, { ...START, offset })).toBe(having);
      expect(replicatedUpTo(each, members, replicas) >= offset).toBe(having >= replicas || offset === 0);
    });
    fc.assert(property);
  });

  it('is everything when none is asked for', () => {
    expect(replicatedUpTo([], new Set(), 0)).toBe(Infinity);
  });
});
