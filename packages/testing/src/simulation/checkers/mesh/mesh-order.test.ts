import { describe, expect, it } from 'vitest';
import { deletes, drops, meshViolationOf, puts, unearths, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';
import { MeshOrder } from './mesh-order.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new MeshOrder(logs), history);
const [OLD, NEW] = [
  { by: 'b', ms: 10, seq: 1 },
  { by: 'a', ms: 20, seq: 1 },
];

describe('the order of what a node of a mesh takes', () => {
  it('is that of stamps, for each document of each node by itself', () => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', puts('x', '1', NEW), puts('y', '1', OLD)),
      mesh.tells('b', puts('x', '0', OLD)),
      mesh.tells('b', puts('x', '1', NEW)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it('has the deletion of what expires behind it, with the same stamp', () => {
    expect(
      check((mesh) => [mesh.tells('a', puts('x', '1', OLD)), mesh.tells('a', ...deletes('x', OLD))]),
    ).toBeUndefined();
  });

  it('begins anew where a tombstone has been dropped', () => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', ...deletes('x', NEW)),
      mesh.tells('a', drops('x', 'a', 30)),
      mesh.tells('a', puts('x', '0', OLD)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: MeshHistoryMaker]>([
    ['twice', (mesh) => [mesh.tells('a', puts('x', '1', NEW)), mesh.tells('a', puts('x', '1', NEW))]],
    ['older', (mesh) => [mesh.tells('a', puts('x', '1', NEW)), mesh.tells('a', puts('x', '0', OLD))]],
    [
      'of an older node',
      (mesh) => [mesh.tells('a', puts('x', '1', { ...OLD, by: 'b' }), puts('x', '1', { ...OLD, by: 'a' }))],
    ],
    [
      'deleted',
      (mesh) => [mesh.tells('a', ...deletes('x', NEW)), mesh.tells('a', puts('x', '0', OLD), unearths('x', OLD))],
    ],
    [
      'expired',
      (mesh) => [mesh.tells('a', ...deletes('x', OLD)), mesh.tells('a', puts('x', '0', OLD), unearths('x', OLD))],
    ],
  ])('has nothing that is there %s', (_, history) => {
    expect(check(history)).toMatch(/of a makes c\/x .*, where it had/);
  });
});
