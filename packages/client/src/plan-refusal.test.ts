import { describe, expect, it } from 'vitest';
import { SkeinError } from './error.ts';
import { planRefusal, type RefusalPlan } from './plan-refusal.ts';

const SINCE = `10.3-aaaaaaaa.${'0'.repeat(16)}`;

type Case = [what: string, code: string, role: string, epoch: string, unlessTold: RefusalPlan, whenTold: RefusalPlan];

describe('a reader whose position is refused', () => {
  it.each<Case>([
    ['reads anew what is trimmed', 'compacted', 'leader', '3-aaaaaaaa', 'copy', 'copy'],
    ['waits for a follower that is behind', 'ahead', 'follower', '3-aaaaaaaa', 'ask-again', 'ask-again'],
    ['stops at a leader that ends before it', 'ahead', 'leader', '3-aaaaaaaa', 'stop', 'copy'],
    ['goes on with a higher epoch', 'diverged', 'leader', '4-bbbbbbbb', 'copy', 'copy'],
    ['waits for a node that has not heard of its epoch', 'diverged', 'leader', '2-cccccccc', 'ask-again', 'ask-again'],
    ['stops between rivals', 'diverged', 'leader', '3-bbbbbbbb', 'stop', 'copy'],
    ['stops where its epoch has another history', 'diverged', 'follower', '3-aaaaaaaa', 'stop', 'copy'],
    ['stops at another log', 'other_log', 'leader', '4-bbbbbbbb', 'stop', 'copy'],
  ])('%s', (_, code, role, epoch, unlessTold, whenTold) => {
    const error = new SkeinError(code, '', { role, problem: { code, epoch } });
    expect(planRefusal(error, { since: SINCE, acceptReset: false })).toBe(unlessTold);
    expect(planRefusal(error, { since: SINCE, acceptReset: true })).toBe(whenTold);
  });
});
