import type { LogSlice } from '@skein/core';
import { jsonPageFrame, MEDIA_TYPES, ndjsonPageFrame, recordPosition, type PageFacts } from '@skein/protocol';
import type { PageKey } from './page-key.ts';
import { selectLines } from './select-lines.ts';

/** A page as it goes out, to everyone who waits for it. */
export interface EncodedPage {
  readonly body: Buffer;
  readonly facts: PageFacts;
  /** How many changes it carries. */
  readonly changes: number;
}

/** What stays the same for all pages made at one head. */
export type HeadFacts = Omit<PageFacts, 'since' | 'next' | 'upToDate'>;

const COMMA = 0x2c;
const NEWLINE = 0x0a;

export function encodePage(key: PageKey, slice: LogSlice, head: HeadFacts): EncodedPage {
  return key.format === MEDIA_TYPES.records ? encodeRecords(key, slice, head) : encodeLines(key, slice, head);
}

/** Records go out as they are stored, whole: what a follower applies. */
function encodeRecords({ since }: PageKey, { records }: LogSlice, head: HeadFacts): EncodedPage {
  const last = records.at(-1);
  const next = last === undefined ? since : recordPosition(last);
  const changes = last === undefined ? 0 : last.offsetLast - records[0]!.offsetFirst + 1;
  return { body: Buffer.concat(records.map(({ bytes }) => bytes)), facts: factsOf(head, since, next), changes };
}

function encodeLines({ since, from, limit, filter, format }: PageKey, slice: LogSlice, head: HeadFacts): EncodedPage {
  const { runs, count, next } = selectLines(slice, { from, limit, filter });
  const facts = factsOf(head, since, next);
  if (format === MEDIA_TYPES.ndjson) {
    const { before, after } = ndjsonPageFrame(facts);
    return { body: Buffer.concat([Buffer.from(before), ...runs, Buffer.from(after)]), facts, changes: count };
  }
  const { before, after } = jsonPageFrame(facts);
  const lines = commasForNewlines(Buffer.concat(runs));
  return { body: Buffer.concat([Buffer.from(before), lines, Buffer.from(after)]), facts, changes: count };
}

/** Lines as the elements of an array. A line end never stands inside a line: JSON escapes it. */
function commasForNewlines(lines: Buffer): Buffer {
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) lines[at] = COMMA;
  return lines.subarray(0, -1);
}

function factsOf(head: HeadFacts, since: PageFacts['since'], next: PageFacts['next']): PageFacts {
  return { ...head, since, next, upToDate: next.offset >= head.head.offset };
}
