import { NodeDeclines } from '@skein/http';
import { SkeinError } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
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
    const declined = (role: string) => new NodeDeclines('ahead', 'this log ends at 7', { role });
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
    expect(outcomeOf(new NodeDeclines('starting', 'soon', { retryAfterMs: 3000 }))).toStrictEqual({
      kind: 'failed',
      reason: 'starting: soon',
      retryAfterMs: 3000,
    });
  });
});

describe('an error that ends an attempt', () => {
  it('is told by what was behind it', () => {
    const disk = new Error('IO error: 000005.ldb: No space left on device');
    const opening = new Error('Database failed to open', { cause: disk });
    const reason = disk.message;
    expect(outcomeOf(opening)).toMatchObject({ kind: 'failed', reason });
    for (const code of ['internal', 'outcome_unknown'] as const)
      expect(outcomeOf(new SkeinError(code, 'no copy', {}, opening))).toMatchObject({ kind: 'failed', reason });
    const known = new SkeinError('storage_full', 'there is no room', {}, disk);
    expect(outcomeOf(known)).toMatchObject({ kind: 'failed', reason: 'there is no room' });
  });
});
