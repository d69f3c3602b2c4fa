import { describe, expect, it } from 'vitest';
import { hearingAfter, isReachable, nothingHeard, pingDelayMs } from './hearing.ts';

const begun = nothingHeard(1000);
const answered = hearingAfter(begun, true, 2000);
const unanswered = hearingAfter(answered, false, 3000);

describe('the node that is followed', () => {
  it('is reachable when the last question was answered, not when it was not, and neither before there was one', () => {
    const seen = [begun, answered, unanswered, hearingAfter(unanswered, true, 3000)];
    expect(seen.map((hearing) => isReachable(hearing, 5000, 3000))).toStrictEqual([null, true, false, true]);
  });

  it('is neither once the news of it is old', () => {
    const at = (nowMs: number) => [answered, unanswered].map((hearing) => isReachable(hearing, 5000, nowMs));
    expect([at(7000), at(7001), at(8001)]).toStrictEqual([
      [true, false],
      [null, false],
      [null, null],
    ]);
  });

  it('was last heard of when it last answered', () => {
    expect([begun, answered, unanswered].map(({ heardAtMs }) => heardAtMs)).toStrictEqual([null, 2000, 2000]);
  });
});

describe('a ping', () => {
  it('is due an interval after there was news, good or bad, and at once when it is late', () => {
    expect([begun, answered, unanswered].map((hearing) => pingDelayMs(hearing, 500, 3000))).toStrictEqual([0, 0, 500]);
    expect(pingDelayMs(unanswered, 500, 3400)).toBe(100);
  });
});
