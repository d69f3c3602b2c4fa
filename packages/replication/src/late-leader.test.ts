import { expect, it } from 'vitest';
import { isOnlyLate } from './late-leader.ts';

it('only a follower is late, and only when it ends before the one that follows it', () => {
  const codes = ['ahead', 'compacted', 'diverged', 'other_log'] as const;
  const lateOnes = (role: 'leader' | 'follower' | undefined) => codes.filter((code) => isOnlyLate(code, role));
  expect(lateOnes('follower')).toStrictEqual(['ahead']);
  expect([lateOnes('leader'), lateOnes(undefined)]).toStrictEqual([[], []]);
  expect(isOnlyLate('ahead', 'follower', true)).toBe(false);
});
