import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  lagChanges,
  lagOfServed,
  lagSeconds,
  NO_LAG,
  NO_PROGRESS,
  progressAfterApply,
  progressAfterContact,
  progressAfterRecovery,
  progressAfterSilence,
  progressAt,
  type Progress,
} from './progress.ts';

const AT_5: Progress = { ...NO_PROGRESS, applied: 5 };
const UNKNOWN = { changes: null, ms: null };

/** After an answer of a leader. */
const heard = (progress: Progress, head: number, nowMs: number): Progress =>
  progressAfterContact(progress, head, NO_LAG, nowMs);

describe('lag in changes', () => {
  it('is unknown, not 0, before the leader has answered', () => {
    expect(lagChanges(NO_PROGRESS)).toBeNull();
    expect(lagChanges(progressAfterApply(AT_5, 6))).toBeNull();
  });

  it('is what the leader has and this node has not', () => {
    const progress = heard(AT_5, 9, 100);
    expect(lagChanges(progress)).toBe(4);
    expect(lagChanges(progressAfterApply(progress, 8))).toBe(1);
    expect(lagChanges(progressAfterApply(progress, 9))).toBe(0);
  });

  it('is counted from the node that takes writes, behind a follower that is behind', () => {
    const progress = progressAfterContact(AT_5, 9, { changes: 20, ms: 0 }, 100);
    expect(lagChanges(progress)).toBe(24);
    expect(lagChanges(progressAfterApply(progress, 9))).toBe(20);
    expect(lagChanges(progressAfterContact(progress, 9, { changes: null, ms: 0 }, 200))).toBeNull();
  });

  it('is unknown again as soon as contact is lost, also when everything was applied', () => {
    const progress = progressAfterSilence(heard(AT_5, 5, 100));
    expect(lagChanges(progress)).toBeNull();
    expect(lagChanges(progressAfterApply(progress, 6))).toBeNull();
    expect(lagChanges(heard(progress, 7, 200))).toBe(2);
  });

  it('is unknown when nothing was heard for too long, although nobody has noticed', () => {
    const progress = heard(AT_5, 5, 100);
    expect(progressAt(progress, 1100, 1000)).toBe(progress);
    expect(progressAt(progress, 1101, 1000)).toEqual({ ...progress, connected: false });
    expect(lagChanges(progressAt(progress, 1101, 1000))).toBeNull();
    expect(progressAt(NO_PROGRESS, 1_000_000, 1000)).toBe(NO_PROGRESS);
  });

  it('is never below 0', () => {
    expect(lagChanges(heard(AT_5, 3, 100))).toBe(0);
  });
});

describe('lag in seconds', () => {
  it('is unknown until this node was up to date for the first time', () => {
    expect(lagSeconds(NO_PROGRESS, 1000)).toBeNull();
    expect(lagSeconds(heard(AT_5, 9, 100), 1000)).toBeNull();
    expect(lagSeconds(progressAfterSilence(AT_5), 1000)).toBeNull();
    expect(lagSeconds(progressAfterContact(AT_5, 5, UNKNOWN, 100), 1000)).toBeNull();
  });

  it('counts from the answer at whose time everything was here', () => {
    expect(lagSeconds(heard(AT_5, 5, 100), 1600)).toBe(1.5);
  });

  it('counts from the answer, not from the applying, when the changes had to be applied first', () => {
    const progress = progressAfterApply(heard(AT_5, 9, 100), 9);
    expect(lagSeconds(progress, 1100)).toBe(1);
  });

  it('counts from when the follower that answered was itself up to date', () => {
    const behind = progressAfterContact(AT_5, 9, { changes: 0, ms: 4000 }, 10_000);
    expect(lagSeconds(progressAfterApply(behind, 9), 11_000)).toBe(5);
  });

  it('does not grow because another answer says less', () => {
    const upToDate = heard(AT_5, 5, 10_000);
    for (const lag of [UNKNOWN, { changes: 0, ms: 4000 }])
      expect(lagSeconds(progressAfterContact(upToDate, 5, lag, 11_000), 11_000)).toBe(1);
  });

  it('does not shrink by applying a part', () => {
    const upToDate = heard(AT_5, 5, 100);
    const behind = heard(upToDate, 9, 2100);
    expect(lagSeconds(progressAfterApply(behind, 8), 3100)).toBe(3);
  });

  it('grows while there is no contact', () => {
    const silent = progressAfterSilence(heard(AT_5, 5, 0));
    expect([0, 1000, 60_000].map((nowMs) => lagSeconds(silent, nowMs))).toEqual([0, 1, 60]);
  });

  it('is unknown when there is less than there was, and goes on when there is as much', () => {
    const upToDate = heard(AT_5, 5, 100);
    expect(lagSeconds(progressAfterRecovery(upToDate, 4), 200)).toBeNull();
    expect(lagSeconds(progressAfterRecovery(upToDate, 6), 200)).toBe(0.1);
  });
});

describe('the lag of what is served', () => {
  it('is that of the last answer as soon as the page ends where the answer said, before it is known to be applied', () => {
    expect(lagOfServed(heard(AT_5, 9, 100), 9, 300)).toEqual({ changes: 0, ms: 200 });
  });

  it('is that of an earlier answer when the page ends before', () => {
    const progress = heard(heard(AT_5, 5, 100), 9, 200);
    expect(lagOfServed(progress, 8, 300)).toEqual({ changes: 1, ms: 200 });
  });

  it('is not known of a page that was read before any time that is known', () => {
    const progress = progressAfterApply(heard(heard(AT_5, 5, 100), 9, 200), 9);
    expect(lagOfServed(progress, 8, 300)).toEqual({ changes: 1, ms: null });
  });

  it('is not known in changes without contact', () => {
    expect(lagOfServed(progressAfterSilence(heard(AT_5, 5, 100)), 5, 300)).toEqual({ changes: null, ms: 200 });
  });
});

describe('progress', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('contact' as const), node: fc.nat(2) }),
    fc.record({ kind: fc.constant('apply' as const), node: fc.nat(2), count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('silence' as const), node: fc.nat(2) }),
    fc.record({ kind: fc.constant('recovery' as const), node: fc.nat(2), applied: fc.nat(9) }),
  );

  it('never claims more than was so, along a chain: as of the time it gives, everything written is applied by now', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const headAt: number[] = [];
        /** Each follows the one before it, the first one the leader. */
        const chain = [NO_PROGRESS, NO_PROGRESS, NO_PROGRESS];
        let written = 0;
        for (const [nowMs, e] of events.entries()) {
          if (e.kind === 'write') written += e.count;
          headAt.push(written);
          if (e.kind === 'write') continue;
          const own = chain[e.node]!;
          const followed = chain[e.node - 1];
          const head = followed?.applied ?? written;
          if (e.kind === 'silence') chain[e.node] = progressAfterSilence(own);
          if (e.kind === 'recovery') chain[e.node] = progressAfterRecovery(own, Math.min(e.applied, head));
          if (e.kind === 'apply')
            chain[e.node] = progressAfterApply(own, Math.max(own.applied, Math.min(head, own.applied + e.count)));
          if (e.kind === 'contact') {
            const lag = followed === undefined ? NO_LAG : lagOfServed(followed, head, nowMs);
            chain[e.node] = progressAfterContact(own, head, lag, nowMs);
          }
          for (const { upToDate, applied } of chain)
            if (upToDate !== null) expect(applied).toBeGreaterThanOrEqual(headAt[upToDate.asOfMs]!);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('counts no changes without contact, and none is left when it says so', () => {
    const silent = progressAfterSilence(heard(AT_5, 5, 1));
    expect([lagChanges(silent), lagChanges(heard(silent, 5, 2))]).toEqual([null, 0]);
  });
});
