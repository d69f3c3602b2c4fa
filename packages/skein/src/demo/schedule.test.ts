import { describe, expect, it } from 'vitest';
import { actsBetween, roundSeconds } from './schedule.ts';

describe('what is done to the follower', () => {
  it('is to kill it and to start it again, once in each round', () => {
    const acts: string[] = [];
    for (let second = 0; second < 60; second += 0.25)
      for (const act of actsBetween(second, second + 0.25, 20)) acts.push(`${act} ${second + 0.25}`);
    expect(acts).toStrictEqual(['kill 6', 'start 12', 'kill 26', 'start 32', 'kill 46', 'start 52']);
  });

  it('is not forgotten when nobody looked for long', () => {
    expect(actsBetween(5, 27, 20)).toStrictEqual(['kill', 'start', 'kill']);
  });

  it('is done within a demonstration that is short', () => {
    expect(actsBetween(0, 5, roundSeconds(5))).toStrictEqual(['kill', 'start']);
    expect(roundSeconds(null)).toBe(20);
  });
});
