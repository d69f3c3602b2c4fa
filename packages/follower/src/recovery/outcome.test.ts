import { describe, expect, it } from 'vitest';
import { LeaderDeclines } from './leader-api.ts';
import { outcomeOf, refusedBy } from './outcome.ts';

const AHEAD = { code: 'ahead', detail: 'ends at 7' } as const;

describe('a node that has less than the one that follows it', () => {
  it('is refused when it leads, and asked again when it only follows', () => {
    expect(refusedBy('leader', AHEAD)).toStrictEqual({ kind: 'refused', refusal: AHEAD });
    expect(refusedBy(undefined, AHEAD)).toMatchObject({ kind: 'refused' });
    expect(refusedBy('follower', AHEAD)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('is behind'),
    });
  });

  it('is no less refused when it says so itself', () => {
    const declined = (role: string) => new LeaderDeclines('ahead', 'this log ends at 7', { role });
    expect(outcomeOf(declined('leader'))).toMatchObject({ kind: 'refused', refusal: { code: 'ahead' } });
    expect(outcomeOf(declined('follower'))).toMatchObject({ kind: 'failed' });
  });

  it('is refused for another log whatever it is', () => {
    const refusal = { code: 'other_log', detail: 'b' } as const;
    expect(refusedBy('follower', refusal)).toStrictEqual({ kind: 'refused', refusal });
  });
});

describe('a leader that gives nothing for now', () => {
  it('is asked again when it says', () => {
    expect(outcomeOf(new LeaderDeclines('starting', 'soon', { retryAfterMs: 3000 }))).toStrictEqual({
      kind: 'failed',
      reason: 'starting: soon',
      retryAfterMs: 3000,
    });
  });
});
