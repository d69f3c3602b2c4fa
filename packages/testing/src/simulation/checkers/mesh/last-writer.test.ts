import { describe, expect, it } from 'vitest';
import type { DocumentsSeen, HistoryEvent } from '../../history.ts';
import { settled, settledNode } from '../histories.test-kit.ts';
import { LastWriter } from './last-writer.ts';
import { deletes, meshViolationOf, puts, stampOf, type MeshHistoryMaker } from './mesh-histories.test-kit.ts';

const check = (history: MeshHistoryMaker) => meshViolationOf((logs) => new LastWriter(logs), history);
const [OLD, NEW] = [
  { by: 'b', ms: 10, seq: 1 },
  { by: 'a', ms: 20, seq: 1 },
];
const holding = (documents: DocumentsSeen): MeshHistoryMaker => {
  return ({ a }): readonly HistoryEvent[] => [settled(settledNode(a, { node: 'a', documents }))];
};
const x = (valueText: string, made: string): DocumentsSeen => new Map([['c\0x', { offset: 1, valueText, made }]]);
const after =
  (history: MeshHistoryMaker, documents: DocumentsSeen): MeshHistoryMaker =>
  (mesh) => [...history(mesh), ...holding(documents)(mesh)];

const written: MeshHistoryMaker = (mesh) => [
  mesh.tells('b', puts('x', '0', OLD)),
  mesh.tells('a', puts('x', '1', NEW)),
];
const deleted: MeshHistoryMaker = (mesh) => [
  mesh.tells('a', ...deletes('x', NEW)),
  mesh.tells('b', puts('x', '0', OLD)),
];

describe('the last writer', () => {
  it('wins, on whatever node', () => {
    expect(check(after(written, x('1', stampOf(NEW))))).toBeUndefined();
    expect(check(after(deleted, new Map()))).toBeUndefined();
  });

  it.each<[what: string, problem: RegExp, history: MeshHistoryMaker]>([
    ['an older value stays', /a has 0 of .* as c\/x, and the newest is 1/, after(written, x('0', stampOf(OLD)))],
    ['its value has another stamp', /a has 1 of .*@b as c\/x/, after(written, x('1', stampOf(OLD)))],
    ['its value is lost', /a has nothing as c\/x/, after(written, new Map())],
    ['what it deleted is there', /and the newest is the deletion/, after(deleted, x('0', stampOf(OLD)))],
    ['there is what nobody wrote', /a has c\/x, which nobody has written/, holding(x('0', stampOf(OLD)))],
  ])('has not won where %s', (_, problem, history) => {
    expect(check(history)).toMatch(problem);
  });
});
