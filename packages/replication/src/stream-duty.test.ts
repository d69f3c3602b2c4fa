import { describe, expect, it } from 'vitest';
import { streamDuty, streamLifeMs, type StreamState } from './stream-duty.ts';

const OPEN: StreamState = { sentAtMs: 1000, isTaken: true, endsAtMs: 60_000, endedAtMs: null };

/** What is due at each of the times, each as if nothing had been done before. */
const duties = (state: StreamState, times: readonly number[]): readonly string[] =>
  times.map((nowMs) => streamDuty(state, nowMs));

describe('a stream', () => {
  it('gives a sign of life before it has been silent for 15 seconds, looked at once a second', () => {
    expect(duties(OPEN, [1000, 14_999, 15_000])).toStrictEqual(['nothing', 'nothing', 'beat']);
  });

  it('is cut when what was sent has not been taken in 15 seconds, and gets no sign of life meanwhile', () => {
    expect(duties({ ...OPEN, isTaken: false }, [15_000, 15_999, 16_000])).toStrictEqual(['nothing', 'nothing', 'cut']);
  });

  it('ends when its time has come, also while something is under way', () => {
    expect(duties({ ...OPEN, sentAtMs: 59_000 }, [59_999, 60_000])).toStrictEqual(['nothing', 'end']);
    expect(duties({ ...OPEN, sentAtMs: 59_000, isTaken: false }, [60_000])).toStrictEqual(['end']);
  });

  it('that was ended and does not get away is cut 5 seconds later', () => {
    const ended = { ...OPEN, isTaken: false, endedAtMs: 60_000 };
    expect(duties(ended, [60_000, 64_999, 65_000])).toStrictEqual(['nothing', 'nothing', 'cut']);
  });

  it('goes on for about a minute, each for a time of its own', () => {
    expect([0, 0.5, 1].map(streamLifeMs)).toStrictEqual([48_000, 60_000, 72_000]);
  });
});
