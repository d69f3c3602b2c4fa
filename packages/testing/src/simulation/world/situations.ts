import { recordLines, type RecordView, type Role } from '@skein/protocol';
import { SESSIONS } from '../workload/make-definition.ts';

/** Rare situations that show in what a node has made durable. */
export function situationsIn(role: Role, records: readonly RecordView[]): readonly string[] {
  const lines = records.flatMap((record) => new TextDecoder().decode(recordLines(record)).trimEnd().split('\n'));
  const found: string[] = [];
  if (records.length > 1) found.push('a page of several records');
  if (role === 'leader' && records[0]!.offsetLast > records[0]!.offsetFirst) found.push('a group of several changes');
  if (lines.some(endsSession)) found.push('a session has ended');
  if (lines.some(dropsTombstone)) found.push('a tombstone was dropped');
  if (lines.some(isOfConflicts)) found.push('what was lost to another write was kept');
  return found;
}

/** By the wall clock, when its first change was decided. */
export function timeOf(record: RecordView): number {
  const [, ts] = /"ts":(\d+)/.exec(new TextDecoder().decode(recordLines(record)))!;
  return Number(ts);
}

/** Nothing else is deleted there. */
function endsSession(line: string): boolean {
  return line.includes(`"collection":"${SESSIONS}"`) && line.endsWith('"op":"delete"}');
}

/** It has no stamp: it is no news to others. */
function dropsTombstone(line: string): boolean {
  return /^\{"offset":\d+,"ts":\d+,"origin":"[^"]*","collection":"\$tombstones"/.test(line);
}

function isOfConflicts(line: string): boolean {
  return line.includes('"collection":"$conflicts"');
}
