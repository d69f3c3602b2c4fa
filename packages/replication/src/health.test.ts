import { describe, expect, it } from 'vitest';
import {
  driftVerdict,
  followerReadiness,
  followerVerdict,
  storeVerdict,
  type FollowerCondition,
  type StoreCondition,
} from './health.ts';
import { NO_PROGRESS, type Progress } from './progress.ts';

const NOW = 100_000;
const LAG_SECONDS_MAX = 30;

/** As an answer has left it that long ago, which named this head. */
const upToDate = (secondsAgo: number, head = 7): Progress => {
  const asOfMs = NOW - secondsAgo * 1000;
  const contact = { atMs: asOfMs, head, leaderHead: head, asOfMs };
  return { applied: 7, connected: true, contact, upToDate: { head: 7, asOfMs } };
};

const FINE: FollowerCondition = {
  phase: 'following',
  progress: upToDate(1),
  refusal: null,
  recovery: null,
  applyFailures: 0,
  lastError: null,
};

function reason(changed: Partial<FollowerCondition>): string | null {
  const verdict = followerVerdict({ ...FINE, ...changed }, LAG_SECONDS_MAX, NOW);
  return verdict.healthy ? null : verdict.reason;
}

describe('a follower', () => {
  it.each<[what: string, changed: Partial<FollowerCondition>]>([
    ['in contact and up to date a moment ago', {}],
    ['up to date exactly as long ago as allowed', { progress: upToDate(30) }],
    ['behind, but up to date within the bound', { progress: upToDate(29, 999) }],
    ['that had an error and got over it', { lastError: 'connect ECONNREFUSED' }],
  ])('is healthy %s', (_, changed) => {
    expect(reason(changed)).toBeNull();
  });

  it.each<[what: string, changed: Partial<FollowerCondition>, sentence: string]>([
    [
      'that has just started',
      { phase: 'starting', progress: NO_PROGRESS },
      'no answer from the leader yet; it has not been up to date since it started',
    ],
    [
      'that never reached its leader',
      { progress: NO_PROGRESS, lastError: 'connect ECONNREFUSED' },
      'no contact with the leader (connect ECONNREFUSED); it has not been up to date since it started',
    ],
    [
      'that lost its leader a moment ago, though it has everything',
      { progress: { ...upToDate(2), connected: false }, lastError: 'socket hang up' },
      'no contact with the leader (socket hang up); it was up to date 2.0 s ago',
    ],
    [
      'that copies a long log',
      { progress: { ...upToDate(0, 1e6), upToDate: null } },
      'the follower is catching up for the first time',
    ],
    [
      'over its bound, however good its contact',
      { progress: upToDate(30.5) },
      'the follower was last up to date 30.5 s ago, the bound is 30 s',
    ],
    [
      'with changes its leader has not',
      { phase: 'refused', refusal: { code: 'diverged', detail: 'D' } },
      "this follower holds changes that are not in the leader's history; it must not follow on (D)",
    ],
    [
      'of another log',
      { phase: 'refused', refusal: { code: 'other_log', detail: 'D' } },
      'the leader serves another log than this follower holds; check its address (D)',
    ],
    [
      'ahead of its leader',
      { phase: 'refused', refusal: { code: 'ahead', detail: 'D' } },
      'this follower is ahead of its leader, which may have lost data; check the leader before anything else (D)',
    ],
    [
      'that makes a copy',
      {
        phase: 'recovering',
        recovery: { rung: 'copy', obstacle: { code: 'compacted', detail: 'D' } },
        lastError: 'compacted: D',
      },
      "a new copy of the leader's documents is being made (compacted: D)",
    ],
    [
      'that compares itself with its leader',
      { phase: 'recovering', recovery: { rung: 'compare', obstacle: { code: 'compacted', detail: 'D' } } },
      'this follower is taking over what differs from its leader (compacted: D)',
    ],
    [
      'that cannot make a copy',
      { phase: 'recovering', recovery: { rung: 'copy', obstacle: { code: 'corrupt', detail: 'D' } }, lastError: 'EIO' },
      "a new copy of the leader's documents is being made (corrupt: D); the last attempt failed: EIO",
    ],
    [
      'that fails to apply for now',
      { applyFailures: 1, progress: { ...upToDate(2), connected: false }, lastError: 'EIO' },
      'changes cannot be applied, and are tried again (EIO)',
    ],
    ['that was stopped', { phase: 'stopped' }, 'the follower is stopped'],
  ])('%s is unhealthy and says why', (_, changed, sentence) => {
    expect(reason(changed)).toBe(sentence);
  });
});

describe('drift', () => {
  it.each<[what: string, report: Parameters<typeof driftVerdict>[0], sentence: string | null]>([
    ['that was not looked for', null, null],
    ['that is not there', { differing: 0, repaired: 0, isPart: false }, null],
    ['that was put right', { differing: 3, repaired: 3, isPart: false }, null],
    ['that is there', { differing: 3, repaired: 0, isPart: false }, '3 documents are not'],
    ['that was put right in part', { differing: 3, repaired: 1, isPart: false }, '2 documents are not'],
    ['of which there is more than is looked for', { differing: 9, repaired: 9, isPart: true }, 'more than 9 documents'],
  ])('%s makes a node say: %s %s', (_, report, sentence) => {
    const verdict = driftVerdict(report);
    expect(verdict.healthy ? null : verdict.reason).toEqual(
      sentence === null ? null : expect.stringContaining(sentence),
    );
  });
});

describe('a store', () => {
  it.each<[StoreCondition['state'], string | null, string | null]>([
    ['ready', null, null],
    ['ready', 'reopened', null],
    ['poisoned', 'EIO', 'a write failed and the store takes no more until it is reopened: EIO'],
    ['poisoned', null, 'a write failed and the store takes no more until it is reopened'],
    ['recovering', 'EIO', 'the store is being reopened and verified: EIO'],
    ['corrupt', 'record 7 fails its hash', 'the store is corrupt and must be copied anew: record 7 fails its hash'],
    ['closed', null, 'the store is closed'],
  ])('%s (%s) makes its node say: %s', (state, why, sentence) => {
    const verdict = storeVerdict({ state, reason: why });
    expect(verdict).toStrictEqual(sentence === null ? { healthy: true } : { healthy: false, reason: sentence });
  });
});

describe('the readiness of a follower', () => {
  const readiness = (changed: Partial<FollowerCondition>): string | null => {
    const verdict = followerReadiness({ ...FINE, ...changed }, LAG_SECONDS_MAX, NOW);
    return verdict.healthy ? null : verdict.reason;
  };

  it('outlasts a loss of contact until the lag is over its bound', () => {
    const lost = (secondsAgo: number) => ({ progress: { ...upToDate(secondsAgo), connected: false } });
    expect(readiness(lost(LAG_SECONDS_MAX))).toBeNull();
    expect(readiness(lost(LAG_SECONDS_MAX + 1))).toMatch(/no answer from the leader yet/);
  });

  it('needs to have been up to date once, and to follow', () => {
    expect(readiness({ progress: NO_PROGRESS })).toMatch(/has not been up to date/);
    expect(readiness({ phase: 'refused', refusal: { code: 'ahead', detail: 'D' } })).toMatch(/ahead of its leader/);
    expect(readiness({ phase: 'stopped' })).toBe('the follower is stopped');
  });
});
