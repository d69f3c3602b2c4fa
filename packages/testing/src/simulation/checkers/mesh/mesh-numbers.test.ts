import { describe, expect, it } from 'vitest';
import { put } from '../histories.test-kit.ts';
import { deletes, meshViolationOf, puts, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';
import { MeshNumbers } from './mesh-numbers.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new MeshNumbers(logs), history);
const of = (by: string, ms: number, seq: number, incarnation = 'i1') => ({ by, ms, seq, incarnation });

describe('the numbers of a mesh', () => {
  it('count a node’s own changes within an incarnation, each newer than all before', () => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', ...deletes('x', of('a', 10, 1)), puts('y', '1', of('a', 11, 2))),
      mesh.tells('b', puts('x', '1', of('b', 10, 1, 'i9'))),
      mesh.tells('b', puts('y', '1', of('a', 11, 2))),
      mesh.tells('b', puts('y', '2', of('b', 12, 2, 'i9'))),
      mesh.tells('a', puts('y', '3', of('a', 15, 1, 'i2'))),
      mesh.tells('a', put('c', '{}', { collection: '$definitions', origin: 'a', ts: 16, stamp: '16.0.i2' })),
    ];
    expect(check(history)).toBeUndefined();
  });

  it('are not used up by what expires, which has the stamp of what it was', () => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', puts('x', '1', of('a', 10, 1)), puts('y', '1', of('a', 11, 2))),
      mesh.tells('a', ...deletes('x', of('a', 10, 1))),
      mesh.tells('a', puts('x', '2', of('a', 20, 3))),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, problem: RegExp, history: MeshHistoryMaker]>([
    [
      'a gap',
      /and 2 is its number/,
      (mesh) => [mesh.tells('a', puts('x', '1', of('a', 10, 1)), puts('x', '2', of('a', 11, 3)))],
    ],
    [
      'a number twice',
      /and 2 is its number/,
      (mesh) => [mesh.tells('a', puts('x', '1', of('a', 10, 1)), puts('x', '2', of('a', 11, 1)))],
    ],
    [
      'an incarnation again',
      /of an incarnation that was there before/,
      (mesh) => [
        mesh.tells('a', puts('x', '1', of('a', 10, 1)), puts('x', '2', of('a', 11, 1, 'i2'))),
        mesh.tells('a', puts('x', '3', of('a', 12, 1))),
      ],
    ],
    [
      'a change that is not newer than one that was merged',
      /and before it is 50.1.i1@b/,
      (mesh) => [mesh.tells('a', puts('x', '1', of('b', 50, 1))), mesh.tells('a', puts('x', '2', of('a', 50, 1)))],
    ],
    [
      'a stamp of two changes',
      /which is of c\/x over nothing; 1/,
      (mesh) => [mesh.tells('a', puts('x', '1', of('a', 10, 1))), mesh.tells('b', puts('x', '2', of('a', 10, 1)))],
    ],
    [
      'a definition that is counted',
      /and 0 is its number/,
      (mesh) => [
        mesh.tells('a', put('c', '{}', { collection: '$definitions', origin: 'a', ts: 16, stamp: '16.1.i2' })),
      ],
    ],
  ])('never have %s', (_, problem, history) => {
    expect(check(history)).toMatch(problem);
  });
});
