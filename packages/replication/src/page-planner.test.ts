import { START, type Position, type Since } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { planPage, type PagePlan } from './page-planner.ts';
import type { LogBounds } from './place.ts';

/** One leadership; changes 5 to 10 are kept. */
const EPOCH = '3-aaaaaaaa';
const ours = (offset: number): Position => ({ offset, epoch: EPOCH, hash: String(offset).padStart(16, '0') });
const BOUNDS: LogBounds = { log: 'log', history: [{ epoch: EPOCH, offsetFirst: 1 }], head: ours(10), tail: 5 };
const EMPTY: LogBounds = { ...BOUNDS, head: START, tail: 1 };

const at = (offset: number, changed: Partial<Position> = {}): Since => ({
  kind: 'position',
  position: { ...ours(offset), ...changed },
});
const raw = (offset: number): Since => ({ kind: 'offset', offset });
const page = (offset: number): PagePlan => ({ kind: 'page', since: ours(offset) });
const wait = (offset: number): PagePlan => ({ kind: 'wait', since: ours(offset) });

/** What a reader is answered at once, and what when it may wait for something new. */
const TABLE: [what: string, since: Since, atOnce: PagePlan, patient: PagePlan][] = [
  ['tail - 2', at(3), { kind: 'compacted' }, { kind: 'compacted' }],
  ['tail - 1', at(4), page(4), page(4)],
  ['tail', at(5), page(5), page(5)],
  ['head - 1', at(9), page(9), page(9)],
  ['head', at(10), page(10), wait(10)],
  ['head + 1', at(11), { kind: 'ahead' }, { kind: 'ahead' }],
  ['now', { kind: 'now' }, page(10), wait(10)],
  ['offset 0', raw(0), { kind: 'compacted' }, { kind: 'compacted' }],
  ['offset tail - 1', raw(4), page(4), page(4)],
  ['offset head', raw(10), page(10), wait(10)],
  ['offset head + 1', raw(11), { kind: 'ahead' }, { kind: 'ahead' }],
  ['another hash', at(7, { hash: 'f'.repeat(16) }), { kind: 'diverged', fork: 0 }, { kind: 'diverged', fork: 0 }],
  ['a stranger epoch', at(7, { epoch: '1-zzzzzzzz' }), { kind: 'other-log' }, { kind: 'other-log' }],
  ['a newer epoch', at(7, { epoch: '4-zzzzzzzz' }), { kind: 'diverged', fork: 6 }, { kind: 'diverged', fork: 6 }],
  [
    'a newer epoch above the head',
    at(99, { epoch: '4-zzzzzzzz' }),
    { kind: 'diverged', fork: 10 },
    { kind: 'diverged', fork: 10 },
  ],
];

function plan(since: Since, mayWait: boolean, log?: string): PagePlan {
  const offset = since.kind === 'now' ? 10 : since.kind === 'offset' ? since.offset : since.position.offset;
  return planPage({ since, log, mayWait }, BOUNDS, offset >= 4 && offset <= 10 ? ours(offset) : undefined);
}

describe('a page', () => {
  it.each(TABLE)('since %s', (_, since, atOnce, patient) => {
    expect(plan(since, false)).toStrictEqual(atOnce);
    expect(plan(since, true)).toStrictEqual(patient);
  });

  it.each(TABLE)('since %s is refused to a reader of another log, whatever it asks for', (_, since) => {
    expect(plan(since, true, 'another')).toStrictEqual({ kind: 'other-log' });
  });

  it('is planned alike for a reader that names the log it follows', () => {
    expect(plan(at(7), false, 'log')).toStrictEqual(page(7));
  });

  it.each<[Since, boolean, PagePlan['kind']]>([
    [{ kind: 'position', position: START }, true, 'wait'],
    [{ kind: 'position', position: START }, false, 'page'],
    [{ kind: 'now' }, true, 'wait'],
    [raw(1), true, 'ahead'],
    [at(1), true, 'ahead'],
  ])('of an empty log since %o, may wait: %s, is planned as %s', (since, mayWait, kind) => {
    expect(planPage({ since, mayWait }, EMPTY, START).kind).toBe(kind);
  });
});
