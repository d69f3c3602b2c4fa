import { TOMBSTONE_MS_MIN } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import { remove } from '../histories.test-kit.ts';
import {
  deletes,
  drops,
  entombs,
  meshViolationOf,
  puts,
  unearths,
  type MeshHistoryMaker,
} from './mesh-histories.test-kit.ts';
import { MeshTombstones } from './mesh-tombstones.ts';

const NODES = [
  { name: 'a', peers: ['b'] },
  { name: 'b', peers: [] },
];
const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new MeshTombstones(logs, NODES), history);
const FIRST = { by: 'a', ms: 10, seq: 1 };
const SECOND = { by: 'a', ms: 20, seq: 2 };
const THIRD = { by: 'a', ms: 30, seq: 3 };
const LATER = SECOND.ms + TOMBSTONE_MS_MIN;

describe('tombstones', () => {
  it('stand for documents that were deleted, until these are there again', () => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', puts('x', '1', FIRST)),
      mesh.tells('a', ...deletes('x', SECOND)),
      mesh.tells('a', puts('x', '3', THIRD), unearths('x', THIRD)),
      mesh.tells('b', entombs('x', SECOND)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, history: MeshHistoryMaker]>([
    ['have nothing', () => []],
    ['have them too', (mesh) => [mesh.tells('b', entombs('x', SECOND))]],
    ['have something newer', (mesh) => [mesh.tells('b', puts('x', '3', THIRD))]],
    ['have dropped them', (mesh) => [mesh.tells('b', entombs('x', SECOND)), mesh.tells('b', drops('x', 'b', LATER))]],
  ])('may go a day later when all peers %s', (_, atPeer) => {
    const history: MeshHistoryMaker = (mesh) => [
      mesh.tells('a', ...deletes('x', SECOND)),
      ...atPeer(mesh),
      mesh.tells('a', drops('x', 'a', LATER)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, problem: RegExp, history: MeshHistoryMaker]>([
    [
      'missing',
      /a has deleted c\/x, and no tombstone/,
      (mesh) => [mesh.tells('a', ...deletes('x', SECOND)), mesh.tells('a', unearths('x', SECOND))],
    ],
    [
      'those of an older deletion',
      /a has deleted c\/x, and no tombstone/,
      (mesh) => [
        mesh.tells('a', ...deletes('x', FIRST)),
        mesh.tells('a', puts('x', '1', SECOND), unearths('x', SECOND), remove('x', { origin: 'a', stamp: '30.3.i1' })),
      ],
    ],
    [
      'beside the document',
      /has both c\/x and its tombstone/,
      (mesh) => [mesh.tells('a', ...deletes('x', FIRST)), mesh.tells('a', puts('x', '1', SECOND))],
    ],
    [
      'dropped on the day itself',
      /a drops the tombstone of c\/x, 20\.2\.i1@a, after 86399999 ms/,
      (mesh) => [
        mesh.tells('b', entombs('x', SECOND)),
        mesh.tells('a', ...deletes('x', SECOND)),
        mesh.tells('a', drops('x', 'a', LATER - 1)),
      ],
    ],
    [
      'dropped before a peer knows of the deletion',
      /and b has something older/,
      (mesh) => [
        mesh.tells('b', puts('x', '1', FIRST)),
        mesh.tells('a', ...deletes('x', SECOND)),
        mesh.tells('a', drops('x', 'a', LATER)),
      ],
    ],
    ['dropped twice', /drops a tombstone that is not there/, (mesh) => [mesh.tells('a', drops('x', 'a', LATER))]],
  ])('are never %s', (_, problem, history) => {
    expect(check(history)).toMatch(problem);
  });
});
