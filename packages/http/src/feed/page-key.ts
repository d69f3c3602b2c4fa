import type { MEDIA_TYPES, Position } from '@skein/protocol';
import type { ContentEncoding } from './content-encoding.ts';

export type FeedFormat = (typeof MEDIA_TYPES)['json' | 'ndjson' | 'records' | 'events'];

/** Which changes a reader wants; undefined for all, system collections included. */
export interface FeedFilter {
  readonly collections: ReadonlySet<string> | undefined;
  readonly prefix: string | undefined;
}

/** How much of each change: whole, or without its value. */
export type FeedFields = 'all' | 'keys';

/** What of the log a reader wants, wherever it is on it. */
export interface Selected {
  readonly filter: FeedFilter | undefined;
  readonly fields: FeedFields;
}

/** What tells one page from another: readers with the same key at the same head get the same bytes. */
export interface PageKey extends Selected {
  /** The position the reader asked behind; the page names it. */
  readonly since: Position;
  /** Where reading begins: `since`, or later when nothing before that matches the filter. */
  readonly from: Position;
  readonly limit: number;
  readonly format: FeedFormat;
  readonly encoding: ContentEncoding;
}

export function pageKeyText(key: PageKey): string {
  const { since, from, limit, format, encoding } = key;
  return `${since.offset} ${since.hash} ${from.offset} ${limit} ${format} ${encoding} ${selectedText(key)}`;
}

export function selectedText({ filter, fields }: Selected): string {
  if (filter === undefined) return fields;
  const collections = filter.collections === undefined ? null : [...filter.collections].toSorted();
  return `${fields} ${JSON.stringify([collections, filter.prefix ?? null])}`;
}
