import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { provenAfter, provenAsOfMs, type ProvenAnswers } from './proven.ts';

describe('what answers prove', () => {
  it('is nothing before the first, and nothing for a place before where they end', () => {
    expect(provenAsOfMs([], 9)).toBeNull();
    const answers = provenAfter([], { head: 5, askedAtMs: 100 }, 3);
    expect([4, 5, 6].map((offset) => provenAsOfMs(answers, offset))).toEqual([null, 100, 100]);
  });

  it('comes of the oldest one that is waited for, however many are given behind it', () => {
    let answers: ProvenAnswers = [];
    for (let i = 1; i <= 50; i++) answers = provenAfter(answers, { head: 10 * i, askedAtMs: i }, 0);
    expect(answers).toHaveLength(2);
    expect([10, 499, 500].map((offset) => provenAsOfMs(answers, offset))).toEqual([1, 1, 50]);
  });

  it('never is more than was so, and goes on while writes do', () => {
    const event = fc.constantFrom('write', 'ask', 'apply');
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (events, lag) => {
        const headAt: number[] = [];
        let answers: ProvenAnswers = [];
        let written = 0;
        let applied = 0;
        for (const [nowMs, what] of events.entries()) {
          if (what === 'write') written += 3;
          headAt.push(written);
          if (what === 'ask') answers = provenAfter(answers, { head: written, askedAtMs: nowMs }, applied);
          if (what === 'apply') applied = Math.max(applied, headAt[Math.max(0, nowMs - lag)]!);
          const asOfMs = provenAsOfMs(answers, applied);
          if (asOfMs !== null) expect(applied).toBeGreaterThanOrEqual(headAt[asOfMs]!);
          expect(answers.length).toBeLessThanOrEqual(3);
        }
        const last = events.lastIndexOf('ask');
        if (last !== -1) expect(provenAsOfMs(answers, written)).toBe(last);
      }),
    );
  });
});
