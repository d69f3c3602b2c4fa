import { epochOf, START, type Position, type Since } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { placeOf, type LogBounds, type Place } from './place.ts';

/** Three leaderships; changes 1 to 5 are no longer kept, change 30 is the newest. */
const HISTORY = [
  { epoch: '2-aaaaaaaa', offsetFirst: 1 },
  { epoch: '4-bbbbbbbb', offsetFirst: 11 },
  { epoch: '5-cccccccc', offsetFirst: 21 },
];
const BOUNDS: LogBounds = { log: 'log', history: HISTORY, head: ours(30), tail: 6 };
const EMPTY: LogBounds = { log: 'log', history: HISTORY.slice(0, 1), head: START, tail: 1 };
const TRIMMED: LogBounds = { ...BOUNDS, tail: 31 };
const UNKNOWING: LogBounds = { ...EMPTY, history: [] };

function ours(offset: number): Position {
  return { offset, epoch: epochOf(HISTORY, offset), hash: String(offset).padStart(16, '0') };
}

/** What the log itself has at an offset, as a store would look it up. */
function heldAt(offset: number, { head, tail }: LogBounds): Position | undefined {
  if (offset === 0) return tail === 1 ? START : undefined;
  return offset >= tail - 1 && offset <= head.offset ? ours(offset) : undefined;
}

const at = (offset: number, changed: Partial<Position> = {}): Since => ({
  kind: 'position',
  position: { ...(offset === 0 ? START : ours(offset)), ...changed },
});
const raw = (offset: number): Since => ({ kind: 'offset', offset });
const NOW: Since = { kind: 'now' };
const OTHER_HASH = { hash: 'f'.repeat(16) };

const here = (offset: number): Place => ({ kind: 'here', position: offset === 0 ? START : ours(offset) });
const forked = (fork: number): Place => ({ kind: 'diverged', fork });
const COMPACTED: Place = { kind: 'compacted' };
const AHEAD: Place = { kind: 'ahead' };
const newer = (fork: number): Place => ({ kind: 'newer-epoch', fork });
const OTHER_LOG: Place = { kind: 'other-log' };

describe('a place on a log that keeps 6 to 30', () => {
  it.each<[what: string, since: Since, place: Place]>([
    ['now', NOW, here(30)],
    ['the position at tail - 2', at(4), COMPACTED],
    ['the position at tail - 1, behind which everything is kept', at(5), here(5)],
    ['the position at the tail', at(6), here(6)],
    ['the position before the head', at(29), here(29)],
    ['the position at the head', at(30), here(30)],
    ['a position of the last epoch at head + 1', at(31), AHEAD],
    ['the start', at(0), COMPACTED],
    ['offset 0', raw(0), COMPACTED],
    ['offset tail - 2', raw(4), COMPACTED],
    ['offset tail - 1', raw(5), here(5)],
    ['offset tail', raw(6), here(6)],
    ['an offset at the end of an epoch', raw(10), here(10)],
    ['an offset at the beginning of an epoch', raw(11), here(11)],
    ['offset head', raw(30), here(30)],
    ['offset head + 1', raw(31), AHEAD],
    ['the largest offset', raw(Number.MAX_SAFE_INTEGER), AHEAD],
    ['another hash at an offset of the first epoch', at(8, OTHER_HASH), forked(0)],
    ['another hash at an offset of a middle epoch', at(15, OTHER_HASH), forked(10)],
    ['another hash at the head', at(30, OTHER_HASH), forked(20)],
    ['another hash where nothing can be compared any more', at(4, OTHER_HASH), COMPACTED],
    ['the last offset of an ended epoch', at(10, { epoch: '2-aaaaaaaa' }), here(10)],
    ['an ended epoch one beyond its end', at(11, { epoch: '2-aaaaaaaa' }), forked(10)],
    ['an ended epoch far beyond its end', at(25, { epoch: '2-aaaaaaaa' }), forked(10)],
    ['an ended epoch above the head', at(99, { epoch: '4-bbbbbbbb' }), forked(20)],
    ['an epoch before its beginning', at(20, { epoch: '5-cccccccc' }), forked(19)],
    ['an epoch before its beginning, and before the tail', at(3, { epoch: '5-cccccccc' }), forked(2)],
    ['an unknown epoch below all of ours', at(15, { epoch: '1-zzzzzzzz' }), OTHER_LOG],
    ['a rival of our first epoch', at(15, { epoch: '2-zzzzzzzz' }), OTHER_LOG],
    ['an unknown epoch between two of ours', at(28, { epoch: '3-zzzzzzzz' }), forked(10)],
    ['a rival of a middle epoch', at(28, { epoch: '4-zzzzzzzz' }), forked(10)],
    ['a rival of the last epoch', at(28, { epoch: '5-zzzzzzzz' }), forked(20)],
    ['a rival of the last epoch, where ours had not begun', at(8, { epoch: '5-zzzzzzzz' }), forked(7)],
    ['a rival of the last epoch, above the head', at(99, { epoch: '5-zzzzzzzz' }), forked(20)],
    ['an unknown epoch above all of ours', at(30, { epoch: '6-zzzzzzzz' }), newer(29)],
    ['an unknown epoch above all of ours, above the head', at(31, { epoch: '6-zzzzzzzz' }), newer(30)],
    ['an unknown epoch above all of ours, below the tail', at(2, { epoch: '10-zzzzzzzz' }), newer(1)],
  ])('%s', (_, since, place) => {
    const offset = since.kind === 'now' ? 30 : since.kind === 'offset' ? since.offset : since.position.offset;
    expect(placeOf(since, BOUNDS, heldAt(offset, BOUNDS))).toStrictEqual(place);
  });

  it('is compacted where the log turns out to have nothing, as when it was trimmed meanwhile', () => {
    expect(placeOf(raw(8), BOUNDS, undefined)).toStrictEqual(COMPACTED);
    expect(placeOf(at(8), BOUNDS, undefined)).toStrictEqual(COMPACTED);
  });
});

describe('a place on a log that never had a change', () => {
  it.each<[what: string, since: Since, place: Place]>([
    ['now', NOW, here(0)],
    ['the start', at(0), here(0)],
    ['offset 0', raw(0), here(0)],
    ['offset 1', raw(1), AHEAD],
    ['a position of its epoch', at(1), AHEAD],
    ['a position of another first epoch', at(1, { epoch: '2-zzzzzzzz' }), OTHER_LOG],
    ['a position of a later epoch', at(1, { epoch: '3-zzzzzzzz' }), newer(0)],
  ])('%s', (_, since, place) => {
    const offset = since.kind === 'position' ? since.position.offset : since.kind === 'offset' ? since.offset : 0;
    expect(placeOf(since, EMPTY, heldAt(offset, EMPTY))).toStrictEqual(place);
  });

  it('is ahead, whatever its epoch, of a node that knows no epoch yet', () => {
    for (const since of [raw(1), at(1), at(1, { epoch: '9-zzzzzzzz' })]) {
      expect(placeOf(since, UNKNOWING, undefined)).toStrictEqual(AHEAD);
    }
    expect(placeOf(at(0), UNKNOWING, START)).toStrictEqual(here(0));
  });
});

describe('a place on a log of which everything was trimmed', () => {
  it.each<[what: string, since: Since, place: Place]>([
    ['the start', at(0), COMPACTED],
    ['the position before the head', at(29), COMPACTED],
    ['the position at the head', at(30), here(30)],
    ['offset head', raw(30), here(30)],
    ['offset head + 1', raw(31), AHEAD],
  ])('%s', (_, since, place) => {
    const offset = since.kind === 'position' ? since.position.offset : since.kind === 'offset' ? since.offset : 30;
    expect(placeOf(since, TRIMMED, heldAt(offset, TRIMMED))).toStrictEqual(place);
  });
});
