import { describe, expect, it } from 'vitest';
import type { HistoryEvent, WriteAsked } from '../../history.ts';
import { acked, failed, put, sent } from '../histories.test-kit.ts';
import { deletes, meshViolationOf, puts, unearths, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';
import { MeshProvenance } from './mesh-provenance.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new MeshProvenance(logs), history);
const [OWN, NEXT, FOREIGN] = [
  { by: 'a', ms: 10, seq: 1 },
  { by: 'a', ms: 20, seq: 2 },
  { by: 'b', ms: 10, seq: 1 },
];
const asked = (id: number, more: Partial<WriteAsked> = {}): HistoryEvent => ({ ...sent(id, more), node: 'a' });
const deletion: Partial<WriteAsked> = { operations: [{ op: 'delete', collection: 'c', key: 'a' }] };

describe('what is in the logs of a mesh', () => {
  it('was asked of the node that made it, and is where that says', () => {
    const history: MeshHistoryMaker = (mesh) => [
      asked(1),
      asked(2, deletion),
      mesh.tells('a', puts('a', '"1"', OWN)),
      acked(1, mesh.a.head),
      mesh.tells('b', puts('a', '"1"', OWN)),
      mesh.tells('a', ...deletes('a', NEXT).map((change) => ({ ...change, head: { ...change.head, tx: 3 } }))),
      acked(2, mesh.a.head),
      mesh.tells('b', ...deletes('a', NEXT)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it('may be the end of a session, which nobody asks for', () => {
    const session = { collection: 'sessions', origin: 'a', ts: 10, stamp: '10.1.i1' };
    const end = { ...session, collection: '$tombstones' };
    const operations = [{ op: 'put', collection: 'sessions', key: 's0', valueText: '1' }] as const;
    const history: MeshHistoryMaker = (mesh) => [
      asked(1, { operations }),
      mesh.tells('a', put('s0', '1', session)),
      mesh.tells('b', put('sessions/s0', 'null', end)),
    ];
    expect(check(history)).toBeUndefined();
  });

  it.each<[what: string, problem: RegExp, history: MeshHistoryMaker]>([
    ['nothing that nobody asked for', /asked for 0 times/, (mesh) => [mesh.tells('a', puts('a', '"1"', OWN))]],
    [
      'nothing more often than it was asked for',
      /in the logs 2 times and was asked for 1 times/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', OWN)), mesh.tells('a', puts('a', '"1"', NEXT))],
    ],
    [
      'nothing that was refused',
      /asked for 0 times/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', OWN)), failed(1, 'refused')],
    ],
    [
      'nothing of a node that has not written it',
      /which b has not written/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', FOREIGN))],
    ],
    [
      'no other value than a node has written',
      /which a has not written/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', OWN)), mesh.tells('b', puts('a', '"2"', OWN))],
    ],
    [
      'no end of what does not end',
      /which a has not written/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', OWN)), mesh.tells('a', ...deletes('a', OWN))],
    ],
    [
      'all that was acknowledged',
      /write 1 was acknowledged at 2 of a, which is not where it is/,
      (mesh) => [asked(1), mesh.tells('a', puts('a', '"1"', OWN), unearths('a', OWN)), acked(1, mesh.a.head)],
    ],
  ])('has %s', (_, problem, history) => {
    expect(check(history)).toMatch(problem);
  });
});
