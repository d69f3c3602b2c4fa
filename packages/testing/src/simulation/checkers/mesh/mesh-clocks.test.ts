import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../history.ts';
import { WALL_START } from '../../world/sim-clock.ts';
import { CLOCK_DRIFT_MS_MAX } from '../../world/sim-mesh.ts';
import { MeshClocks } from './mesh-clocks.ts';
import { meshViolationOf, puts, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new MeshClocks(logs), history);
const made = (by: string, aheadMs: number) => ({ by, ms: WALL_START + aheadMs, seq: 1 });
const clock = (skewMs: number): HistoryEvent => ({ kind: 'clock-set', node: 'a', skewMs });

describe('what is ahead of a node’s clock', () => {
  it.each<[what: string, history: MeshHistoryMaker]>([
    ['its own', (mesh) => [mesh.tells('a', puts('x', '1', made('a', 9_000_000)))]],
    ['a little', (mesh) => [mesh.tells('a', puts('x', '1', made('b', CLOCK_DRIFT_MS_MAX)))]],
    ['by its clock as it is now', (mesh) => [clock(9_000_000), mesh.tells('a', puts('x', '1', made('b', 9_000_000)))]],
    [
      'by its clock as it has just been',
      (mesh) => [clock(9_000_000), clock(0), mesh.tells('a', puts('x', '1', made('b', 9_000_000)))],
    ],
  ])('may be there when it is %s', (_, history) => {
    expect(check(history)).toBeUndefined();
  });

  it('is not taken', () => {
    const history: MeshHistoryMaker = (mesh) => [mesh.tells('a', puts('x', '1', made('b', CLOCK_DRIFT_MS_MAX + 1)))];
    expect(check(history)).toMatch(/a has taken .*@b at 1, which was 300001 ms ahead/);
  });

  it('is not taken by a clock that was right long ago', () => {
    const history: MeshHistoryMaker = (mesh) => [
      clock(9_000_000),
      { ...clock(0), ms: 1 },
      { ...mesh.tells('a', puts('x', '1', made('b', 9_000_000))), ms: 60_000 },
    ];
    expect(check(history)).toMatch(/ms ahead of its clock/);
  });
});
