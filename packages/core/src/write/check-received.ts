import { epochCounter, isSkeinError, SkeinError, type Epoch, type RecordView } from '@skein/protocol';
import type { Facts } from '../facts.ts';
import { assertMayTake } from '../leadership/fence.ts';
import { checkHash } from '../log/verify.ts';
import { walkRecords, type WalkedChange } from './walk-records.ts';

/** Records from outside, proven and taken apart: all of a page's work that need not wait for its turn. */
export interface ReceivedPage {
  readonly records: readonly RecordView[];
  readonly changes: readonly WalkedChange[];
  /** The epoch of the leader that they come from, which may be above all of theirs; unless it is said, that of the last. */
  readonly leader?: Epoch | undefined;
}

/** Proves records by their hashes and takes them apart. Whether they continue a store is for the store to say. */
export function receivePage(records: readonly RecordView[], leader?: Epoch): ReceivedPage {
  for (const record of records) checkReceived(record);
  return { records, changes: walkRecords(records), leader };
}

/** That a record from outside is true to its hash. Wrong bytes from there are a bad record; only stored ones are corrupt. */
function checkReceived(record: RecordView): void {
  try {
    checkHash(record);
  } catch (error) {
    throw isSkeinError(error, 'corrupt') ? new SkeinError('bad_record', error.message, {}, error) : error;
  }
}

/** That records are of a store's log and go on where it ends: offset by offset, hash by hash, no epoch going back. */
export function checkContinuation(facts: Facts, log: string, { records, leader }: ReceivedPage): void {
  const { identity, head, history } = facts;
  if (identity.log !== null && identity.log !== log)
    throw new SkeinError('other_log', `records of log ${log} in a store of ${identity.log}`);
  let before = { offsetLast: head.offset, hash: head.hash, epoch: history.at(-1)?.epoch };
  for (const record of records) {
    const { offsetFirst, hashBefore, epoch } = record;
    if (offsetFirst !== before.offsetLast + 1)
      throw new SkeinError('bad_record', `a record begins at ${offsetFirst}, not at ${before.offsetLast + 1}`);
    if (hashBefore !== before.hash)
      throw new SkeinError('diverged', `the record at ${offsetFirst} is not chained to what is stored`);
    if (before.epoch !== undefined && epoch !== before.epoch && epochCounter(epoch) <= epochCounter(before.epoch))
      throw new SkeinError('diverged', `the record at ${offsetFirst} is of epoch ${epoch}, after ${before.epoch}`);
    before = record;
  }
  assertMayTake(facts, leader ?? before.epoch!);
}
