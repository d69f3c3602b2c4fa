import { epochOf, SkeinError, START, type Position, type RecordView } from '@skein/protocol';
import { lastTs, type Facts } from '../facts.ts';

/** The record that holds the change behind an offset; a later one, or none, when that has just been trimmed. */
type RecordBehind = (offset: number) => Promise<RecordView | undefined>;

/**
 * Where the log stands behind everything that was committed before `ms`: what follows was committed then or later, or is yet to
 * come. Found by halving, for times never go back along the log. A record is of the time of its last change; in a mesh, those before
 * it may be a little older. Undefined when that place is not kept, or might not be: the oldest change there is is of then or later, and there were older ones.
 */
export async function positionBefore(
  ms: number,
  facts: () => Facts,
  recordBehind: RecordBehind,
): Promise<Position | undefined> {
  const { head, headTs, tail, history } = facts();
  if (headTs === null || headTs < ms) return head;
  let low = tail - 1;
  let high = head.offset;
  let first: RecordView | undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await recordBehind(middle);
    if (record === undefined || record.offsetFirst > middle + 1) {
      if (facts().tail > tail) return positionBefore(ms, facts, recordBehind);
      throw new SkeinError('starting', 'the log was replaced while it was searched', { retryAfterSeconds: 1 });
    }
    if (lastTs(record) < ms) low = record.offsetLast;
    else {
      first = record;
      high = record.offsetFirst - 1;
    }
  }
  // The newest record is of then or later, so one was found.
  const { offsetFirst, hashBefore } = first!;
  if (offsetFirst === 1) return START;
  if (offsetFirst === tail) return undefined;
  return { offset: low, epoch: epochOf(history, low), hash: hashBefore };
}
