import type { Change } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { FeedChecker, type FeedPage } from './feed-checker.ts';

const change = (offset: number, more: Partial<Change> = {}): Change => {
  return { offset, ts: 1000, origin: 'n', collection: 'c', key: 'k', op: 'delete', ...more };
};

/** The page of these changes, as a node that has only them would send it. */
function page(changes: readonly Change[], more: Partial<FeedPage> = {}): FeedPage {
  const offset = changes.at(-1)?.offset ?? 0;
  const next = offset === 0 ? '0' : `${offset}.1-aaaaaaaa.0000000000000000`;
  const head = { offset, ts: 1000 };
  return { log: 'l', epoch: '1-aaaaaaaa', since: '0', next, head, tail: 1, upToDate: true, changes, ...more };
}

describe('the feed checker', () => {
  it('is content with whole transactions in order, page after page', () => {
    const checker = new FeedChecker();
    const first = page([change(1), change(2, { tx: 3 }), change(3, { tx: 3 })]);
    checker.addPage({ ...first, head: { offset: 4, ts: 1000 }, upToDate: false });
    checker.addPage(page([change(4)], { since: first.next }));
    checker.addPage(page([], { since: checker.next, next: checker.next, head: { offset: 4, ts: 1000 } }));
    expect(checker.changes.map(({ offset }) => offset)).toStrictEqual([1, 2, 3, 4]);
  });

  it.each<[what: string, bad: FeedPage, problem: RegExp]>([
    ['a gap', page([change(1), change(3)]), /offset 3 comes after 1/],
    ['a gap at the beginning', page([change(2)]), /offset 2 comes after 0/],
    ['a repetition', page([change(1), change(1)]), /offset 1 comes after 1/],
    ['disorder', page([change(1), change(2), change(1)]), /offset 1 comes after 2/],
    ['time going back', page([change(1), change(2, { ts: 999 })]), /time goes back/],
    ['half a transaction', page([change(1, { tx: 2 })]), /inside the transaction that ends at 2/],
    ['a stranger in a transaction', page([change(1, { tx: 3 }), change(2), change(3, { tx: 3 })]), /offset 2 stands/],
    ['a transaction that is over', page([change(1), change(2, { tx: 1 })]), /ended at 1/],
    ['a page from elsewhere', page([change(1)], { since: '7' }), /since 7, asked for 0/],
    ['a next that is another', page([change(1)], { next: '2' }), /says 2 comes next/],
    ['a head before the page', page([change(1)], { head: { offset: 0, ts: null } }), /the head is 0/],
    ['being up to date before the head', page([change(1)], { head: { offset: 9, ts: 1 } }), /upToDate: true/],
    ['not being up to date at the head', page([change(1)], { upToDate: false }), /upToDate: false/],
  ])('objects to %s', (_, bad, problem) => {
    expect(() => new FeedChecker().addPage(bad)).toThrow(problem);
  });
});
