import { z } from 'zod';
import type { Epoch } from './epoch.ts';
import { formatPosition, type Position } from './position.ts';

/** What stands around the changes of a page, in every format of the feed. */
export interface PageFacts {
  readonly log: string;
  readonly epoch: Epoch;
  readonly since: Position;
  readonly next: Position;
  readonly head: { readonly offset: number; readonly ts: number | null };
  readonly tail: number;
  readonly upToDate: boolean;
}

/** The text before and after the lines of a JSON page; the lines stand between them, joined by commas. */
export function jsonPageFrame(page: PageFacts): { readonly before: string; readonly after: string } {
  const before = {
    log: page.log,
    epoch: page.epoch,
    since: formatPosition(page.since),
    next: formatPosition(page.next),
    head: page.head,
    tail: page.tail,
    upToDate: page.upToDate,
  };
  return { before: `${JSON.stringify(before).slice(0, -1)},"changes":[`, after: ']}' };
}

/** The header and trailer line of an NDJSON page; a page without its trailer was cut off. */
export function ndjsonPageFrame(page: PageFacts): { readonly before: string; readonly after: string } {
  const header = {
    log: page.log,
    epoch: page.epoch,
    since: formatPosition(page.since),
    head: page.head,
    tail: page.tail,
  };
  const trailer = { next: formatPosition(page.next), head: page.head, upToDate: page.upToDate };
  return { before: `${JSON.stringify(header)}\n`, after: `${JSON.stringify(trailer)}\n` };
}

const changeSchema = z.object({
  offset: z.int().positive(),
  ts: z.int().nonnegative(),
  origin: z.string(),
  stamp: z.string().optional(),
  over: z.string().optional(),
  tx: z.int().positive().optional(),
  idem: z.string().optional(),
  trace: z.string().optional(),
  collection: z.string(),
  key: z.string(),
  op: z.enum(['put', 'delete']),
  // Any JSON value, as it came: z.json() would copy it and drop a property called __proto__.
  value: z.unknown().optional(),
});

/** A JSON page as a consumer receives it. */
export const pageSchema = z.object({
  log: z.string(),
  epoch: z.string(),
  since: z.string(),
  next: z.string(),
  head: z.object({ offset: z.int().nonnegative(), ts: z.int().nonnegative().nullable() }),
  tail: z.int().positive(),
  upToDate: z.boolean(),
  changes: z.array(changeSchema),
});
