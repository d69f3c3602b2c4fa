import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Converged } from './converged.ts';
import { FOLLOWER, LogWriter, put, settled, settledNode, violationOf, wellAt } from './histories.test-kit.ts';

const log = new LogWriter();
log.write(put('a', '1'));

type Wrong = NonNullable<Parameters<typeof settledNode>[1]>;
const EMPTY = { head: START, documents: new Map() } as const;

/** What the checker has against a cluster whose leader or follower is so. */
function check(leader: Wrong, follower: Wrong): string | undefined {
  const event = settled(settledNode(log, leader), settledNode(log, { ...FOLLOWER, ...follower }));
  return violationOf(
    () => new Converged(),
    () => [event],
  );
}

const ill = (role: 'leader' | 'follower') => ({ ...wellAt(role, 1), healthy: false, error: 'why' });

describe('converged', () => {
  it.each<[what: string, violation: string | undefined]>([
    ['nodes that are alike and well', check({}, {})],
    ['a damaged follower as it is', check({}, { ...EMPTY, isDamaged: true, isReady: false, health: null })],
    [
      'all that follow a damaged leader',
      check({ ...EMPTY, isDamaged: true, isReady: false }, { health: ill('follower') }),
    ],
  ])('accepts %s', (_, violation) => {
    expect(violation).toBeUndefined();
  });

  it.each<[what: string, violation: string | undefined, problem: RegExp]>([
    ['a leader that is not ready', check({ isReady: false }, {}), /leader is not ready/],
    ['a follower that is not ready', check({}, { isReady: false }), /follower is not ready/],
    ['a follower that is behind', check({}, EMPTY), /follower is at 0, its leader at 1\./],
    [
      'a follower with another hash',
      check({}, { head: { ...log.head, hash: 'ffffffffffffffff' } }),
      /follower is at 1\..*f, its leader/,
    ],
    ['a follower with other documents', check({}, { documents: new Map() }), /is not like its leader: c\/a is missing/],
    [
      'a follower that says it is not well',
      check({}, { health: ill('follower') }),
      /follower says that it is not healthy: why/,
    ],
    [
      'a leader that says it is not well',
      check({ health: ill('leader') }, {}),
      /leader says that it is not healthy: why/,
    ],
    ['a node that says nothing', check({}, { health: null }), /follower does not say how it is/],
    ['no leader', check({ role: 'follower' }, {}), /there is no leader/],
  ])('objects to %s', (_, violation, problem) => {
    expect(violation).toMatch(problem);
  });
});
