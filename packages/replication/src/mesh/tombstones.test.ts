import { describe, expect, it } from 'vitest';
import {
  isTombstoneDue,
  passedByAll,
  passedByAllWhoSay,
  PassedForLong,
  waitedFor,
  type Audience,
} from './tombstones.ts';

const slot = (id: string, offset: number) => ({ id, applied: { offset, epoch: '1-aaaaaaaa', hash: '' } });
const peer = (node: string | null, comparedTo = 0) => ({ url: `http://${node ?? 'unknown'}`, node, comparedTo });

describe('who has passed a tombstone', () => {
  it.each<[what: string, audience: Omit<Audience, 'heard'>, passed: number]>([
    ['nobody is known', { slots: [], peers: [] }, Infinity],
    ['one is behind', { slots: [slot('a', 7), slot('b', 3)], peers: [] }, 3],
    ['a peer has not said who it is', { slots: [slot('a', 7)], peers: [peer('a'), peer(null)] }, 0],
    ['a peer has never asked', { slots: [slot('a', 7)], peers: [peer('b')] }, 0],
    ['one was only compared with', { slots: [slot('a', 7)], peers: [peer('b', 4)] }, 4],
    ['one that asks was compared with', { slots: [slot('a', 7)], peers: [peer('a', 9)] }, 7],
    ['all peers have asked', { slots: [slot('a', 7), slot('b', 9)], peers: [peer('b')] }, 7],
  ])('when %s', (_what, audience, passed) => {
    expect(passedByAll({ ...audience, heard: [] })).toBe(passed);
  });

  it('are named who have not, each once', () => {
    const audience = {
      slots: [slot('a', 7), slot('b', 3)],
      peers: [peer('b'), peer('c'), peer(null)],
      heard: ['a', 'd'],
    };
    expect(waitedFor(5, audience)).toStrictEqual(['b', 'c', 'http://unknown', 'd']);
    expect(waitedFor(5, { slots: [slot('a', 7)], peers: [], heard: ['a'] })).toStrictEqual([]);
  });

  it('nobody knows of whom only a broker brings something, but where a peer has dropped it', () => {
    const audience = { slots: [slot('a', 7)], peers: [], heard: ['a', 'd'] };
    expect([passedByAll(audience), passedByAllWhoSay(audience)]).toStrictEqual([0, 7]);
  });
});

describe('what has been passed for long', () => {
  it('is what had been by all, each time it was looked at since', () => {
    const passed = new PassedForLong(100);
    const looks = [
      [0, 5, 0],
      [60, 7, 0],
      [99, 9, 0],
      [100, 9, 5],
      [160, 9, 7],
      [200, 9, 9],
      // One that has nothing has come, and has everything.
      [210, 0, 0],
      [220, 20, 0],
      [309, 20, 0],
      [319, 20, 0],
      [320, 20, 20],
      [1000, Infinity, 20],
      [1100, Infinity, Infinity],
    ];
    expect(looks.map(([atMs, now]) => passed.see(now!, atMs!))).toStrictEqual(looks.map(([, , long]) => long));
  });
});

describe('a tombstone', () => {
  const day = 86_400_000;
  it.each([
    [5, 5, day + 1, true],
    [5, 4, day + 1, false],
    [5, 5, day, false],
    [5, Infinity, -day, false],
  ])('at %i, passed up to %d, that is %i ms old', (offset, passed, ageMs, isDue) => {
    expect(isTombstoneDue({ offset, ms: 10 * day - ageMs }, passed, 10 * day)).toBe(isDue);
  });
});
