import type { Position } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { copySecondsLeft, planCopy, type CopyBegun, type SnapshotFacts } from './copy-plan.ts';

const at = (offset: number, epoch = '1-aaaaaaaa'): Position => ({ offset, epoch, hash: 'f'.repeat(16) });
const history = (...epochs: string[]) => epochs.map((epoch, i) => ({ epoch, offsetFirst: 1 + 10 * i }));
const ANYTHING = { log: null, floor: null, above: null };

const snapshot = (changed: Partial<SnapshotFacts> = {}): SnapshotFacts => ({
  log: 'log',
  history: history('1-aaaaaaaa'),
  position: at(7),
  ...changed,
});
const begun = (changed: Partial<CopyBegun> = {}): CopyBegun => ({
  log: 'log',
  history: history('1-aaaaaaaa'),
  newest: at(7),
  ...changed,
});

describe('a copy', () => {
  it('is begun with any snapshot, and gone on with in the same one or a younger one', () => {
    expect(planCopy(null, snapshot(), ANYTHING).kind).toBe('go-on');
    expect(planCopy(begun(), snapshot(), ANYTHING).kind).toBe('go-on');
    expect(planCopy(begun(), snapshot({ position: at(8) }), ANYTHING).kind).toBe('go-on');
  });

  it.each<[what: string, begun: Partial<CopyBegun>]>([
    ['another log', { log: 'other' }],
    ['another epoch', { history: history('1-bbbbbbbb') }],
    ['an epoch that has ended since', { history: history('1-aaaaaaaa', '2-aaaaaaaa') }],
    ['something younger', { newest: at(8) }],
  ])('of %s is started over', (_, changed) => {
    expect(planCopy(begun(changed), snapshot(), ANYTHING).kind).toBe('start-over');
  });

  it('is refused of another log than the node holds, whatever was begun', () => {
    const expected = { log: 'ours', floor: at(1), above: null };
    expect(planCopy(null, snapshot(), expected)).toMatchObject({ kind: 'refuse', refusal: { code: 'other_log' } });
    expect(planCopy(begun(), snapshot(), expected)).toMatchObject({ kind: 'refuse', refusal: { code: 'other_log' } });
  });

  it('is refused of less than the node holds, and taken of exactly as much', () => {
    const refused = planCopy(null, snapshot(), { log: 'log', floor: at(8), above: null });
    expect(refused).toMatchObject({ kind: 'refuse', refusal: { code: 'ahead' } });
    expect(planCopy(null, snapshot(), { log: 'log', floor: at(7), above: null }).kind).toBe('go-on');
  });
});

describe('what is left of a copy', () => {
  it('is told by the pace since it was begun or gone on with', () => {
    const pace = { documents: 300, total: 1000, documentsAtStart: 100, tookMs: 4000 };
    expect(copySecondsLeft(pace)).toBe(14);
    expect(copySecondsLeft({ ...pace, documents: 1000 })).toBe(0);
    expect(copySecondsLeft({ ...pace, documents: 1001 })).toBe(0);
  });

  it('is not told before there is a pace, nor where nobody knows the whole', () => {
    const pace = { documents: 100, total: 1000, documentsAtStart: 100, tookMs: 4000 };
    expect(copySecondsLeft(pace)).toBeNull();
    expect(copySecondsLeft({ ...pace, documents: 200, total: null })).toBeNull();
  });
});
