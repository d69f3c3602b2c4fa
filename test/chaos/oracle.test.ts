import type { Change } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Oracle } from './oracle.ts';

const put = (offset: number, value: NonNullable<Change['value']>, tx?: number): Change => {
  const head = { offset, ts: 1, origin: 'n', collection: 'c', key: 'k', op: 'put', value } as const;
  return tx === undefined ? head : { ...head, tx };
};
const deleted = (offset: number, tx: number): Change => ({
  offset,
  ts: 1,
  tx,
  origin: 'n',
  collection: 'c',
  key: 'k',
  op: 'delete',
});

/** a and b acknowledged at 1 and 4, c refused, d unknown; b is a transaction of three. */
function oracle(): Oracle {
  const made = new Oracle();
  for (const id of ['a', 'c', 'd']) made.asked({ id, changes: 1, isTransaction: false });
  made.asked({ id: 'b', changes: 3, isTransaction: true });
  made.wasAcknowledged('a', { position: '1.1-aaaaaaaa.0000000000000000' });
  made.wasAcknowledged('b', { position: '4.1-aaaaaaaa.0000000000000000' });
  made.wasRefused('c');
  return made;
}

const b = [put(2, { id: 'b' }, 4), deleted(3, 4), put(4, 'x,b,', 4)];

describe('the oracle', () => {
  it('is content with what was acknowledged, with or without what was not', () => {
    oracle().check([put(1, { id: 'a' }), ...b]);
    oracle().check([put(1, 'a,'), ...b, put(5, { id: 'd' })]);
  });

  it.each<[what: string, feed: readonly Change[], problem: RegExp]>([
    ['a lost write', [put(1, { id: 'a' })], /b was acknowledged and is lost/],
    ['a write that is there twice', [put(1, { id: 'a' }), ...b, put(5, 'a,')], /a has 2 changes, not 1/],
    ['half a transaction', [put(1, { id: 'a' }), b[0]!, b[1]!], /b has 2 changes, not 3/],
    ['a transaction in pieces', [put(1, { id: 'a' }), ...b.map((change) => ({ ...change, tx: change.offset }))], /b/],
    ['a transaction with something between', [b[0]!, put(2, 'a,'), b[1]!, put(5, 'b,', 4)], /do not stand together/],
    ['a refused write', [put(1, { id: 'a' }), ...b, put(5, { id: 'c' })], /c was refused and is at 5/],
    ['a write in another place', [...b, put(5, { id: 'a' })], /a is at 5; its answer said 1/],
    ['a stranger', [put(1, { id: 'a' }), ...b, put(5, { id: 'z' })], /nobody's: z/],
    ['an unknown delete', [put(1, { id: 'a' }), ...b, deleted(5, 5)], /nobody's: a delete/],
  ])('objects to %s', (_, feed, problem) => {
    expect(() => oracle().check(feed)).toThrow(problem);
  });
});
