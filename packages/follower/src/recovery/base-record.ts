import { formatPosition, recordPosition, samePosition, type Position, type RecordView } from '@skein/protocol';
import type { Refusal } from '@skein/replication';
import type { FeedClient } from '../feed-client.ts';
import { Ended, failed, refusedBy } from './outcome.ts';

/** The leader's log does not lead on from where an attempt began: what it has brought is of no use. */
export class NoWayOn extends Error {}

/** Says why in the leader's own words: it may have trimmed its log, or be another one, or have less. */
export function noWayOn({ code, detail }: Refusal): NoWayOn {
  return new NoWayOn(`the leader's log does not lead on from what it has given so far: ${code}: ${detail}`);
}

export type Feed = Pick<FeedClient, 'fetch'>;

export interface RecordsWanted {
  readonly since: Position | number;
  readonly log: string;
  readonly limit: number;
}

/** Records of the leader's log, without a word of what is held here. */
export async function fetchRecords(
  feed: Feed,
  { since, log, limit }: RecordsWanted,
  signal: AbortSignal,
): Promise<readonly RecordView[]> {
  const answer = await feed.fetch({ since, applied: null, log, limit, waitSeconds: 0 }, signal);
  if (answer.kind === 'failed') throw new Ended(answer);
  if (answer.kind === 'refused') {
    const outcome = refusedBy(answer.role, answer.refusal);
    // From one that is only late, what it has brought is of use again when it has caught up.
    throw outcome.kind === 'failed' ? new Ended(outcome) : noWayOn(answer.refusal);
  }
  const { content } = answer.page;
  if (content === null) throw new Ended(failed('the leader has nothing where its snapshot was'));
  return content.payload;
}

/** The record that ends at a position, for what comes next to be chained to; null for that of an empty log. */
export async function fetchBaseRecord(
  feed: Feed,
  base: Position,
  log: string,
  signal: AbortSignal,
): Promise<RecordView | null> {
  if (base.offset === 0) return null;
  const [record] = await fetchRecords(feed, { since: base.offset - 1, log, limit: 1 }, signal);
  if (record !== undefined && samePosition(recordPosition(record), base)) return record;
  throw new NoWayOn(`no record of the leader's log ends at ${formatPosition(base)}`);
}
