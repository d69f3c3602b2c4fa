import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  lagChanges,
  lagSeconds,
  NO_PROGRESS,
  progressAfterApply,
  progressAfterContact,
  progressAfterSilence,
  progressAt,
  type Progress,
} from './progress.ts';

const AT_5: Progress = { ...NO_PROGRESS, applied: 5 };

describe('lag in changes', () => {
  it('is unknown, not 0, before the leader has answered', () => {
    expect(lagChanges(NO_PROGRESS)).toBeNull();
    expect(lagChanges(progressAfterApply(AT_5, 6))).toBeNull();
  });

  it('is what the leader has and this node has not', () => {
    const progress = progressAfterContact(AT_5, 9, 100);
    expect(lagChanges(progress)).toBe(4);
    expect(lagChanges(progressAfterApply(progress, 8))).toBe(1);
    expect(lagChanges(progressAfterApply(progress, 9))).toBe(0);
  });

  it('is unknown again as soon as contact is lost, also when everything was applied', () => {
    const progress = progressAfterSilence(progressAfterContact(AT_5, 5, 100));
    expect(lagChanges(progress)).toBeNull();
    expect(lagChanges(progressAfterApply(progress, 6))).toBeNull();
    expect(lagChanges(progressAfterContact(progress, 7, 200))).toBe(2);
  });

  it('is unknown when nothing was heard for too long, although nobody has noticed', () => {
    const progress = progressAfterContact(AT_5, 5, 100);
    expect(progressAt(progress, 1100, 1000)).toBe(progress);
    expect(progressAt(progress, 1101, 1000)).toEqual({ ...progress, connected: false });
    expect(lagChanges(progressAt(progress, 1101, 1000))).toBeNull();
    expect(progressAt(NO_PROGRESS, 1_000_000, 1000)).toBe(NO_PROGRESS);
  });

  it('is never below 0', () => {
    expect(lagChanges(progressAfterContact(AT_5, 3, 100))).toBe(0);
  });
});

describe('lag in seconds', () => {
  it('is unknown until this node was up to date for the first time', () => {
    expect(lagSeconds(NO_PROGRESS, 1000)).toBeNull();
    expect(lagSeconds(progressAfterContact(AT_5, 9, 100), 1000)).toBeNull();
    expect(lagSeconds(progressAfterSilence(AT_5), 1000)).toBeNull();
  });

  it('counts from the answer at whose time everything was here', () => {
    expect(lagSeconds(progressAfterContact(AT_5, 5, 100), 1600)).toBe(1.5);
  });

  it('counts from the answer, not from the applying, when the changes had to be applied first', () => {
    const progress = progressAfterApply(progressAfterContact(AT_5, 9, 100), 9);
    expect(lagSeconds(progress, 1100)).toBe(1);
  });

  it('does not shrink by applying a part', () => {
    const upToDate = progressAfterContact(AT_5, 5, 100);
    const behind = progressAfterContact(upToDate, 9, 2100);
    expect(lagSeconds(progressAfterApply(behind, 8), 3100)).toBe(3);
  });

  it('grows while there is no contact', () => {
    const silent = progressAfterSilence(progressAfterContact(AT_5, 5, 0));
    expect([0, 1000, 60_000].map((nowMs) => lagSeconds(silent, nowMs))).toEqual([0, 1, 60]);
  });
});

describe('progress', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('contact' as const), grown: fc.nat(5) }),
    fc.record({ kind: fc.constant('apply' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('silence' as const) }),
  );

  it('never claims more than was so: at the time it gives, everything the leader then had is applied by now', () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const headAt: number[] = [];
        let progress = NO_PROGRESS;
        let head = 0;
        for (const [nowMs, e] of events.entries()) {
          if (e.kind === 'contact') progress = progressAfterContact(progress, (head += e.grown), nowMs);
          if (e.kind === 'apply') progress = progressAfterApply(progress, Math.min(head, progress.applied + e.count));
          if (e.kind === 'silence') progress = progressAfterSilence(progress);
          headAt.push(head);
          const { upToDateAtMs, applied } = progress;
          if (upToDateAtMs !== null) expect(applied).toBeGreaterThanOrEqual(headAt[upToDateAtMs]!);
          if (e.kind === 'silence') expect(lagChanges(progress)).toBeNull();
          if (lagChanges(progress) === 0) expect(applied).toBe(head);
        }
      }),
    );
  });
});
