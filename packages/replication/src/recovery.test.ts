import { describe, expect, it } from 'vitest';
import { planCopy } from './copy-plan.ts';
import { expectationOf, planRecovery, type Obstacle } from './recovery.ts';

const applied = { offset: 7, epoch: '2-aaaaaaaa', hash: '0123456789abcdef' };
const diverged = (epoch?: string): Obstacle => ({ code: 'diverged', detail: 'forked at 5', epoch });

describe('a history that was left', () => {
  it('is gone back from for a leader of a higher epoch, of the same log', () => {
    const recovery = planRecovery(diverged('3-bbbbbbbb'), { applied, mayReset: false })!;
    expect(recovery).toMatchObject({ rung: 'compare', isRewind: true, isReset: false });
    expect(expectationOf(recovery, { log: 'log', applied })).toStrictEqual({
      log: 'log',
      floor: null,
      above: '2-aaaaaaaa',
    });
  });

  it('does not use up a reset that was allowed', () => {
    const recovery = planRecovery(diverged('3-bbbbbbbb'), { applied, mayReset: true });
    expect(recovery).toMatchObject({ isRewind: true, isReset: false });
  });

  it('is not gone back from for any other leader', () => {
    for (const epoch of ['2-aaaaaaaa', '2-rrrrrrrr', '1-aaaaaaaa', undefined])
      expect(planRecovery(diverged(epoch), { applied, mayReset: false })).toBeNull();
    for (const code of ['ahead', 'other_log'] as const)
      expect(planRecovery({ ...diverged('3-bbbbbbbb'), code }, { applied, mayReset: false })).toBeNull();
  });

  it('is not left for what turns out to be of no higher epoch', () => {
    const expected = { log: 'log', floor: null, above: '2-aaaaaaaa' };
    const of = (epoch: string) => ({
      log: 'log',
      history: [{ epoch, offsetFirst: 1 }],
      position: { ...applied, epoch },
    });
    expect(planCopy(null, of('3-bbbbbbbb'), expected)).toStrictEqual({ kind: 'go-on' });
    expect(planCopy(null, of('2-rrrrrrrr'), expected)).toMatchObject({ kind: 'refuse', refusal: { code: 'diverged' } });
  });
});
