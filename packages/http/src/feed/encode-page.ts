import type { LogSlice } from '@skein/core';
import { bareId, jsonPageFrame, MEDIA_TYPES, ndjsonPageFrame, recordPosition, type PageFacts } from '@skein/protocol';
import type { ContentEncoding } from './content-encoding.ts';
import { EventRuns, LineRuns } from './line-runs.ts';
import type { PageKey } from './page-key.ts';
import { selectLines } from './select-lines.ts';

/** A page as it goes out, to everyone who waits for it. */
export interface EncodedPage {
  readonly body: Buffer;
  readonly encoding: ContentEncoding;
  readonly facts: PageFacts;
  /** How many changes it carries. */
  readonly changes: number;
}

/** What stays the same for all pages made at one head. */
export type HeadFacts = Omit<PageFacts, 'since' | 'next' | 'upToDate'>;

/** What a stream is sent at once: it lies here until its reader takes it. One transaction may be larger. */
export const EVENT_BYTES_MAX = 256 * 1024;

const COMMA = 0x2c;
const NEWLINE = 0x0a;

export function encodePage(key: PageKey, slice: LogSlice, head: HeadFacts): EncodedPage {
  switch (key.format) {
    case MEDIA_TYPES.records:
      return encodeRecords(key, slice, head);
    case MEDIA_TYPES.events:
      return encodeEvents(key, slice, head);
    default:
      return encodeLines(key, slice, head);
  }
}

/** Records go out as they are stored, whole: what a follower applies. */
function encodeRecords({ since }: PageKey, { records }: LogSlice, head: HeadFacts): EncodedPage {
  const last = records.at(-1);
  const next = last === undefined ? since : recordPosition(last);
  const changes = last === undefined ? 0 : last.offsetLast - records[0]!.offsetFirst + 1;
  return pageOf(
    records.map(({ bytes }) => bytes),
    changes,
    factsOf(head, since, next),
  );
}

function encodeLines(key: PageKey, slice: LogSlice, head: HeadFacts): EncodedPage {
  const runs = new LineRuns(key.fields);
  const { count, next } = selectLines(slice, { ...key, bytesMax: Infinity }, runs);
  const facts = factsOf(head, key.since, next);
  if (key.format === MEDIA_TYPES.ndjson) {
    const { before, after } = ndjsonPageFrame(facts);
    return pageOf([Buffer.from(before), ...runs.all(), Buffer.from(after)], count, facts);
  }
  const { before, after } = jsonPageFrame(facts);
  const lines = commasForNewlines(Buffer.concat(runs.all()));
  return pageOf([Buffer.from(before), lines, Buffer.from(after)], count, facts);
}

/** Nothing at all when nothing matched; otherwise it ends with the id of where it ends. */
function encodeEvents(key: PageKey, slice: LogSlice, head: HeadFacts): EncodedPage {
  const runs = new EventRuns(key.fields);
  const { count, next } = selectLines(slice, { ...key, bytesMax: EVENT_BYTES_MAX }, runs);
  const isBehindLast = count > 0 && next.offset > runs.idOffset;
  return pageOf(
    isBehindLast ? [...runs.all(), Buffer.from(bareId(next))] : runs.all(),
    count,
    factsOf(head, key.since, next),
  );
}

function pageOf(parts: readonly Uint8Array[], changes: number, facts: PageFacts): EncodedPage {
  return { body: Buffer.concat(parts), encoding: 'identity', facts, changes };
}

/** Lines as the elements of an array. A line end never stands inside a line: JSON escapes it. */
function commasForNewlines(lines: Buffer): Buffer {
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) lines[at] = COMMA;
  return lines.subarray(0, -1);
}

function factsOf(head: HeadFacts, since: PageFacts['since'], next: PageFacts['next']): PageFacts {
  return { ...head, since, next, upToDate: next.offset >= head.head.offset };
}
