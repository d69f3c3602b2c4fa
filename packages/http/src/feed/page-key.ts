import type { MEDIA_TYPES, Position } from '@skein/protocol';

export type FeedFormat = (typeof MEDIA_TYPES)['json' | 'ndjson' | 'records'];

/** Which changes a reader wants; undefined for all, system collections included. */
export interface FeedFilter {
  readonly collections: ReadonlySet<string> | undefined;
  readonly prefix: string | undefined;
}

/** What tells one page from another: readers with the same key at the same head get the same bytes. */
export interface PageKey {
  /** The position the reader asked behind; the page names it. */
  readonly since: Position;
  /** Where reading begins: `since`, or later when nothing before that matches the filter. */
  readonly from: Position;
  readonly limit: number;
  readonly format: FeedFormat;
  readonly filter: FeedFilter | undefined;
}

export function pageKeyText({ since, from, limit, format, filter }: PageKey): string {
  const collections = filter?.collections === undefined ? null : [...filter.collections].toSorted();
  return JSON.stringify([since.offset, since.hash, from.offset, limit, format, collections, filter?.prefix ?? null]);
}
