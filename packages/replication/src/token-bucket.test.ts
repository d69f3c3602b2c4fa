import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketAfterTaking, bucketDelayMs, FULL, type TokenBucket } from './token-bucket.ts';

const POLICY = { perSecond: 100, burst: 50 };
const NOW = 7000;
const taken = (...pages: readonly (readonly [changes: number, atMs: number])[]): TokenBucket =>
  pages.reduce<TokenBucket>((bucket, [changes, atMs]) => bucketAfterTaking(bucket, POLICY, changes, atMs), FULL);

describe('the token bucket', () => {
  it.each<[what: string, bucket: TokenBucket, delayMs: number]>([
    ['nobody has touched', FULL, 0],
    ['nothing was taken from', taken([0, NOW]), 0],
    ['was emptied', taken([50, NOW]), 0],
    ['was emptied in several steps', taken([20, NOW], [30, NOW]), 0],
    ['is one token in debt', taken([51, NOW]), 10],
    ['is a whole page in debt', taken([50, NOW], [300, NOW]), 3000],
    ['had half the time to fill that it needed', taken([150, NOW - 500]), 500],
    ['had all the time it needed', taken([150, NOW - 1000]), 0],
    ['was full for an hour: it holds no more than the burst', taken([0, NOW - 3_600_000], [150, NOW]), 1000],
  ])('that %s holds back for %3$i ms', (_, bucket, delayMs) => {
    expect(bucketDelayMs(bucket, POLICY, NOW)).toBe(delayMs);
  });

  const pages = fc.array(fc.record({ changes: fc.nat(5000), restMs: fc.nat(3000) }), { minLength: 1, maxLength: 30 });
  const policies = fc.record({
    perSecond: fc.integer({ min: 1, max: 20_000 }),
    burst: fc.integer({ min: 1, max: 5000 }),
  });

  it('lets through no more than the burst, the rate, and one page, over any period whatever', () => {
    fc.assert(
      fc.property(policies, pages, (policy, wanted) => {
        let bucket = FULL;
        let nowMs = 0;
        const came: { readonly atMs: number; readonly changes: number }[] = [];
        for (const { changes, restMs } of wanted) {
          nowMs += restMs + bucketDelayMs(bucket, policy, nowMs + restMs);
          bucket = bucketAfterTaking(bucket, policy, changes, nowMs);
          came.push({ atMs: nowMs, changes });
        }
        for (const [from, { atMs }] of came.entries()) {
          let sum = 0;
          for (const later of came.slice(from)) {
            sum += later.changes;
            const allowed = policy.burst + (policy.perSecond * (later.atMs - atMs)) / 1000 + later.changes;
            expect(sum).toBeLessThanOrEqual(allowed + 1e-3);
          }
        }
      }),
    );
  });

  it('holds back no longer than the debt takes to be paid, so that the rate is reached', () => {
    fc.assert(
      fc.property(policies, fc.nat(5000), fc.nat(100_000), (policy, changes, nowMs) => {
        const delayMs = bucketDelayMs(bucketAfterTaking(FULL, policy, changes, nowMs), policy, nowMs);
        const debt = Math.max(0, changes - policy.burst);
        expect(delayMs).toBeLessThanOrEqual((debt * 1000) / policy.perSecond + 1);
      }),
    );
  });
});
