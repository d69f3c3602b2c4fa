import { recordPosition, type Position, type RecordHeader } from '@skein/protocol';
import type { FetchedPage } from './follower-state.ts';

/** A page, and what came before it in the same answer and was here already. */
export interface PageBehind<Record extends RecordHeader> {
  readonly page: FetchedPage<readonly Record[]>;
  readonly changesHere: number;
}

/**
 * Takes away what a page repeats. An answer may begin before the position it was asked for: it came twice, or something on
 * the way gave the answer to an older question. When one of its records ends exactly at that position, by offset, epoch
 * and hash, what stands before is what is here, for the hash is chained; so it can go without being looked at.
 *
 * Anything else is left as it is, for the machine to refuse: a page without such a record, and one with nothing behind it,
 * which has no news, and whose word on where the leader's head is would be old as well.
 */
export function pageBehind<Record extends RecordHeader>(
  page: FetchedPage<readonly Record[]>,
  since: Position,
): PageBehind<Record> {
  const { content } = page;
  if (content === null || content.offsetFirst > since.offset) return { page, changesHere: 0 };
  const records = content.payload;
  const end = records.findIndex((record) => isAt(recordPosition(record), since));
  if (end === -1) return { page, changesHere: 0 };
  const changesHere = since.offset - content.offsetFirst + 1;
  const first = records[end + 1];
  if (first === undefined) return { page, changesHere };
  const { offsetFirst, hashBefore, epoch } = first;
  const rest = { ...content, offsetFirst, hashBefore, epochFirst: epoch, payload: records.slice(end + 1) };
  return { page: { ...page, changes: page.changes - changesHere, changesHere, content: rest }, changesHere };
}

/**
 * Takes away what has been pushed since a page was asked for: `here` is behind the position of the question by that. A page
 * that has nothing behind it says as much as an empty one. What it says is believed only as far as it is of this history: an
 * empty answer is of a leader that has what was asked from, and records are chained to that, or pass through what is here.
 * Anything else is left as it is, for the machine to refuse.
 */
export function pageBehindPushed<Record extends RecordHeader>(
  page: FetchedPage<readonly Record[]>,
  since: Position,
  here: Position,
): PageBehind<Record> {
  const asItIs = { page, changesHere: 0 };
  if (here.offset === since.offset) return asItIs;
  const headOffset = Math.max(page.headOffset, here.offset);
  const { content, changes } = page;
  if (content === null)
    return page.headOffset < since.offset ? asItIs : { page: { ...page, headOffset }, changesHere: 0 };
  const hereBefore = page.changesHere ?? 0;
  if (content.next.offset <= here.offset) {
    if (!isOnTheWay(content, since, here)) return asItIs;
    return {
      page: { ...page, headOffset, changes: 0, changesHere: changes + hereBefore, content: null },
      changesHere: changes,
    };
  }
  const rest = pageBehind(page, here);
  return { page: { ...rest.page, changesHere: rest.changesHere + hereBefore }, changesHere: rest.changesHere };
}

/** Whether a page leads from one position towards another, or to it: nobody but who has written this epoch continues it. */
function isOnTheWay(
  { offsetFirst, hashBefore, next }: NonNullable<FetchedPage<unknown>['content']>,
  since: Position,
  here: Position,
): boolean {
  const isChained = offsetFirst === since.offset + 1 && hashBefore === since.hash && next.offset > since.offset;
  return isChained && next.epoch === here.epoch && (next.offset < here.offset || isAt(next, here));
}

function isAt(a: Position, b: Position): boolean {
  return a.offset === b.offset && a.epoch === b.epoch && a.hash === b.hash;
}
