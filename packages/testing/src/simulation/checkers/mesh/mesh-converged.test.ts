import { TOMBSTONE_MS_MIN } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import type { DocumentsSeen, HistoryEvent } from '../../history.ts';
import { settled, settledNode, wellAt } from '../histories.test-kit.ts';
import { WALL_START } from '../../world/sim-clock.ts';
import { MeshConverged } from './mesh-converged.ts';
import { meshViolationOf, stampOf, type MeshHistory, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf(() => new MeshConverged(), history);
const MADE = { by: 'a', ms: WALL_START + 10, seq: 1 };
const made = stampOf(MADE);
const document = (valueText: string, stamp = made): DocumentsSeen =>
  new Map([['c\0x', { offset: 1, valueText, made: stamp }]]);
const tombstone: DocumentsSeen = new Map([['$tombstones\0c/x', { offset: 1, valueText: 'null', made }]]);
const NOTHING: DocumentsSeen = new Map();
const both = ({ a, b }: MeshHistory, ofA: DocumentsSeen, ofB: DocumentsSeen): HistoryEvent =>
  settled(
    settledNode(a, { node: 'a', role: 'mesh', documents: ofA }),
    settledNode(b, { node: 'b', role: 'mesh', documents: ofB }),
  );

describe('a mesh that has converged', () => {
  it('has the same everywhere, but for what is of a node alone', () => {
    const conflicts: DocumentsSeen = new Map([['$conflicts\0c/x', { offset: 1, valueText: '{}' }]]);
    const withConflicts = new Map([...conflicts, ...document('1')]);
    expect(check((mesh) => [both(mesh, withConflicts, document('1'))])).toBeUndefined();
    expect(check((mesh) => [both(mesh, tombstone, tombstone)])).toBeUndefined();
  });

  it('may be without a tombstone that is older than a day', () => {
    const skewMs = TOMBSTONE_MS_MIN + 11;
    const clocks = ['a', 'b'].map((node) => ({ kind: 'clock-set', node, skewMs }) as const);
    expect(check((mesh) => [...clocks, both(mesh, tombstone, NOTHING)])).toBeUndefined();
  });

  it.each<[what: string, problem: RegExp, history: MeshHistoryMaker]>([
    ['a value differs', /differs: c\/x is of/, (mesh) => [both(mesh, document('1'), document('2'))]],
    ['a stamp differs', /differs: c\/x is of/, (mesh) => [both(mesh, document('1'), document('1', '9.1.i1@b'))]],
    ['one has more', /of nothing on b/, (mesh) => [both(mesh, document('1'), NOTHING)]],
    ['the other has more', /of nothing on a/, (mesh) => [both(mesh, NOTHING, document('1'))]],
    ['a tombstone is missing', /\$tombstones\/c\/x is of .* nothing on b/, (mesh) => [both(mesh, tombstone, NOTHING)]],
    ['a node is not ready', /a is not ready/, ({ a }) => [settled(settledNode(a, { node: 'a', isReady: false }))]],
    [
      'a node is not well',
      /a says that it is not healthy: ill/,
      ({ a }) => [
        settled(settledNode(a, { node: 'a', health: { ...wellAt('mesh', 0), healthy: false, error: 'ill' } })),
      ],
    ],
  ])('has not where %s', (_, problem, history) => {
    expect(check(history)).toMatch(problem);
  });
});
