import type { Health, Position } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../history.ts';
import { damaged, EPOCH, published, started, violationOf, wellAt, type EventOf } from './histories.test-kit.ts';
import { HonestHealth } from './honest-health.ts';

type HealthEvent = EventOf<'health'>;

/** What a checker has against a follower at 7 that heard from its leader a second ago, of a head at 7. */
function check(wrong: Partial<HealthEvent>, health: Partial<Health> = {}): string | undefined {
  return violationOf(
    () => new HonestHealth(),
    () => [healthOf(wrong, health)],
  );
}

/** The same after the leader has written 8 when ten seconds had passed, and perhaps something else. */
function checkAfterWrite(
  health: Partial<Health>,
  wrong: Partial<HealthEvent> = {},
  ...more: readonly HistoryEvent[]
): string | undefined {
  return violationOf(
    () => new HonestHealth(),
    (log) => [
      { ...started(log, { head: at(7) }), ms: 0 },
      { ...published(log, { head: at(8) }), ms: 10_000 },
      ...more,
      healthOf({ lateMsMax: 500, ...wrong }, health),
    ],
  );
}

function healthOf(wrong: Partial<HealthEvent>, health: Partial<Health>): HealthEvent {
  const role = wrong.role ?? 'follower';
  return {
    kind: 'health',
    node: 'node',
    role,
    atMs: 20_000,
    isStoreReady: true,
    appliedOffset: 7,
    lastContact: { atMs: 19_000, head: 7 },
    lateMsMax: 50,
    silenceMsMax: 15_000,
    ...wrong,
    health: { ...wellAt(role, 7), ...health },
  };
}

const at = (offset: number): Position => ({ offset, epoch: EPOCH, hash: '' });

const LEADER = { role: 'leader', lastContact: null } as const;
const UNHEALTHY = { healthy: false, error: 'why' } as const;
const ALONE = { ...UNHEALTHY, connected: false, lag_changes: null } as const;

describe('honest health', () => {
  it.each<[what: string, violation: string | undefined]>([
    ['a follower that is well', check({})],
    ['a leader that is well', check(LEADER)],
    ['a leader that is not', check({ ...LEADER, isStoreReady: false }, UNHEALTHY)],
    ['a follower that has caught up since', check({ lastContact: { atMs: 19_000, head: 5 } })],
    ['a follower that is behind, and says so', check({ lastContact: { atMs: 19_000, head: 9 } }, { lag_changes: 2 })],
    ['a follower that is further behind than it could know', check({}, { lag_changes: 2 })],
    ['a follower alone', check({ lastContact: { atMs: 0, head: 9 } }, { ...ALONE, lag_seconds: 20 })],
    ['a new follower alone', check({ lastContact: null }, { ...ALONE, lag_seconds: null })],
    ['the last moment of contact', check({ lastContact: { atMs: 5_000, head: 7 } })],
    ['a lag of just the time since the next write', checkAfterWrite({ lag_seconds: 9.51 })],
    ['a small lag with the next write', checkAfterWrite({ lag_seconds: 0, last_change_id: 8 }, { appliedOffset: 8 })],
    ['any lag once the disk of the leader was damaged', checkAfterWrite({ lag_seconds: 0 }, {}, damaged('leader'))],
  ])('accepts %s', (_, violation) => {
    expect(violation).toBeUndefined();
  });

  it.each<[what: string, violation: string | undefined, problem: RegExp]>([
    [
      'contact that is too long ago',
      check({ lastContact: { atMs: 4_999, head: 7 } }),
      /connected, and has heard nothing for 15001 ms/,
    ],
    ['contact that never was', check({ lastContact: null }), /connected, and has never heard/],
    [
      'a lag that is too small',
      check({ lastContact: { atMs: 19_000, head: 9 } }, { lag_changes: 1 }),
      /lags by 1 changes, at 7 of 9/,
    ],
    ['a lag longer than the world', check({}, { lag_seconds: 21 }), /lags by 21 seconds, longer than/],
    ['a lag that is negative', check({}, { lag_changes: -1 }), /lags by -1 changes/],
    ['a time that is negative', check({}, { lag_seconds: -0.1 }), /lags by -0.1 seconds/],
    ['a lag without contact', check({}, { ...ALONE, lag_changes: 0 }), /lags by 0 changes, and is not connected/],
    [
      'a time that nobody measured',
      check({ lastContact: null }, { ...ALONE, lag_seconds: 0 }),
      /lags by 0 seconds, and has never heard/,
    ],
    [
      'a lag that is shorter than the time since the next write',
      checkAfterWrite({ lag_seconds: 9.49 }),
      /lags by 9.49 seconds, at 7, when 8 had long been written/,
    ],
    [
      'the same when a disk other than the leader’s was damaged',
      checkAfterWrite({ lag_seconds: 9.49 }, {}, damaged('follower')),
      /lags by 9.49 seconds, at 7/,
    ],
    ['being well without contact', check({}, { connected: false, lag_changes: null }), /healthy, and is not connected/],
    ['being well without a store', check({ isStoreReady: false }), /healthy, and its store is not ready/],
    [
      'a leader that is well without a store',
      check({ ...LEADER, isStoreReady: false }),
      /healthy, and its store is not ready/,
    ],
    ['being well and having an error', check({}, { error: 'why' }), /healthy: true, with error why/],
    ['being unwell and not saying why', check({}, { healthy: false }), /healthy: false, with error null/],
    ['another last change', check({ appliedOffset: 6 }), /last change is 7, it is 6/],
    ['a leader that lags in changes', check(LEADER, { lag_changes: 1 }), /leads, and says that it lags by 1 changes/],
    [
      'a leader that lags in time',
      check(LEADER, { lag_seconds: null }),
      /leads, and says that it lags by 0 changes, null seconds/,
    ],
    ['another role', check({}, { role: 'leader' }), /is a follower and calls itself a leader/],
  ])('objects to %s', (_, violation, problem) => {
    expect(violation).toMatch(problem);
  });
});
