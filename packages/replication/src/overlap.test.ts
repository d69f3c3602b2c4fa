import { START, type Position, type RecordHeader } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { FetchedPage } from './follower-state.ts';
import { pageBehind, pageBehindPushed } from './overlap.ts';
import { NO_LAG } from './progress.ts';

const EPOCH = '2-aaaaaaaa';
const hashAt = (offset: number): string => offset.toString(16).padStart(16, '0');
const at = (offset: number): Position => ({ offset, epoch: EPOCH, hash: hashAt(offset) });

/** A record of the changes from one offset to another. */
function record(offsetFirst: number, offsetLast: number): RecordHeader {
  const chain = { hashBefore: hashAt(offsetFirst - 1), hash: hashAt(offsetLast) };
  return { linesBytes: 1, offsetFirst, offsetLast, epoch: EPOCH, ...chain };
}

function pageOf(...payload: readonly RecordHeader[]): FetchedPage<readonly RecordHeader[]> {
  const [first, last] = [payload[0]!, payload.at(-1)!];
  const place = { offsetFirst: first.offsetFirst, hashBefore: first.hashBefore, epochFirst: first.epoch };
  const changes = last.offsetLast - first.offsetFirst + 1;
  return {
    log: 'log',
    headOffset: 100,
    lag: NO_LAG,
    changes,
    content: { ...place, next: at(last.offsetLast), payload },
  };
}

const page = pageOf(record(6, 7), record(8, 10), record(11, 11), record(12, 15));

describe('a page that begins before what it was asked for', () => {
  it('loses the records up to there, which are counted, and is then a page of the rest', () => {
    const behind = pageBehind(page, at(10));
    expect(behind.changesHere).toBe(5);
    expect(behind.page).toStrictEqual({ ...pageOf(record(11, 11), record(12, 15)), changesHere: 5 });
  });

  it('is left as it is when no record ends at that very position', () => {
    const others: readonly Position[] = [
      at(9),
      { ...at(10), hash: hashAt(11) },
      { ...at(10), epoch: '3-aaaaaaaa' },
      at(16),
    ];
    for (const since of others) expect(pageBehind(page, since)).toStrictEqual({ page, changesHere: 0 });
  });

  it('is left as it is, but counted, when nothing stands behind that position: it has no news', () => {
    expect(pageBehind(page, at(15))).toStrictEqual({ page, changesHere: 10 });
  });
});

describe('a page that repeats nothing', () => {
  it('is left as it is', () => {
    expect(pageBehind(page, at(5))).toStrictEqual({ page, changesHere: 0 });
    expect(pageBehind(page, START)).toStrictEqual({ page, changesHere: 0 });
    const empty = { log: 'log', headOffset: 10, lag: NO_LAG, changes: 0, content: null };
    expect(pageBehind(empty, at(10))).toStrictEqual({ page: empty, changesHere: 0 });
  });
});

describe('a page that was asked for before something was pushed', () => {
  it('loses what is here by now', () => {
    const behind = pageBehindPushed(page, at(5), at(10));
    expect(behind.changesHere).toBe(5);
    expect(behind.page).toStrictEqual({ ...pageOf(record(11, 11), record(12, 15)), changesHere: 5 });
  });

  it('has no news when all of it is here, and still says whether there is more', () => {
    for (const here of [at(15), at(17)])
      expect(pageBehindPushed(page, at(5), here)).toStrictEqual({
        page: { ...page, changes: 0, changesHere: 10, content: null },
        changesHere: 10,
      });
    const late = { ...page, headOffset: 15 };
    expect(pageBehindPushed(late, at(5), at(17)).page).toMatchObject({ headOffset: 17, content: null });
    const empty = { log: 'log', headOffset: 5, lag: NO_LAG, changes: 0, content: null };
    expect(pageBehindPushed(empty, at(5), at(6)).page).toStrictEqual({ ...empty, headOffset: 6 });
  });

  it('is left as it is when its records do not pass through what is here: that is of another history', () => {
    const others: readonly Position[] = [at(9), { ...at(10), hash: hashAt(11) }, { ...at(15), hash: hashAt(16) }];
    for (const here of others)
      expect(pageBehindPushed(page, at(5), here).page).toMatchObject({ content: page.content });
  });

  it('is left as it is, and counted for nothing, when it is not known to be of this history', () => {
    const empty = { log: 'log', headOffset: 4, lag: NO_LAG, changes: 0, content: null };
    const stale = pageBehind(pageOf(record(2, 3), record(4, 5)), at(5)).page;
    const { content } = page;
    const others = [
      empty,
      stale,
      pageOf(record(4, 5)),
      pageOf(record(7, 8)),
      { ...page, content: { ...content!, hashBefore: hashAt(4) } },
      { ...page, content: { ...content!, next: { ...at(15), epoch: '3-bbbbbbbb' } } },
    ];
    for (const other of others)
      expect(pageBehindPushed(other, at(5), at(17))).toStrictEqual({ page: other, changesHere: 0 });
  });

  it('is as it is when nothing was pushed', () => {
    expect(pageBehindPushed(page, at(5), at(5))).toStrictEqual({ page, changesHere: 0 });
  });
});
