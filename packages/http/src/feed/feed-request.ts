import { parseTime } from '@skein/core';
import {
  checkReadableCollection,
  HEADERS,
  LIMITS,
  MEDIA_TYPES,
  parseSince,
  SkeinError,
  type Since,
} from '@skein/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { headerOf, limitQuery, negotiate, waitSeconds } from '../request.ts';
import { encodingFor, type ContentEncoding } from './content-encoding.ts';
import type { FeedFilter, FeedFormat, Selected } from './page-key.ts';

export const feedQuery = z.strictObject({
  since: z.string().default('0'),
  limit: limitQuery.optional(),
  wait: waitSeconds.optional(),
  collections: z.string().optional(),
  prefix: z.string().optional(),
  fields: z.literal('keys').optional(),
});

type FeedQuery = z.output<typeof feedQuery>;

/** Where a reader wants to begin: behind a place, or with what was committed at a time or later. */
type FeedStart = Since | { readonly kind: 'time'; readonly ms: number };

/** What a reader of the feed asks for. */
export interface FeedRequest extends Selected {
  readonly start: FeedStart;
  readonly limit: number;
  readonly waitMs: number;
  readonly format: FeedFormat;
  readonly encoding: ContentEncoding;
  /** The log that it believes it follows. */
  readonly log: string | undefined;
}

const OFFERED = [MEDIA_TYPES.json, MEDIA_TYPES.ndjson, MEDIA_TYPES.records, MEDIA_TYPES.events] as const;

/** Refuses what cannot be had together: passing over it would answer another question than was asked. */
export function feedRequestOf(request: FastifyRequest, query: FeedQuery): FeedRequest {
  const format = negotiate<FeedFormat>(headerOf(request, 'accept'), OFFERED);
  if (format === undefined) throw new SkeinError('not_acceptable', `the feed is served as ${OFFERED.join(', ')}`);
  const { limit = LIMITS.pageLimitDefault, wait = 0, fields = 'all' } = query;
  const filter = filterOf(query);
  if (format === MEDIA_TYPES.records && (filter !== undefined || fields !== 'all'))
    throw new SkeinError('bad_query', 'records are whole: they take no collections, prefix or fields');
  if (format === MEDIA_TYPES.events && (query.limit !== undefined || query.wait !== undefined))
    throw new SkeinError('bad_query', 'an event stream goes on by itself: it takes neither limit nor wait');
  return {
    start: startOf(request, query, format),
    limit,
    waitMs: wait * 1000,
    format,
    encoding: format === MEDIA_TYPES.events ? 'identity' : encodingFor(headerOf(request, 'accept-encoding')),
    filter,
    fields,
    log: headerOf(request, HEADERS.log),
  };
}

/** A stream that is taken up again has the address it had, and says beside it how far it was. */
function startOf(request: FastifyRequest, { since }: FeedQuery, format: FeedFormat): FeedStart {
  const lastId = format === MEDIA_TYPES.events ? headerOf(request, 'last-event-id') : undefined;
  return parseStart(lastId === undefined || lastId === '' ? since : lastId);
}

const LIKE_A_DATE = /^\d{4}-/;

function parseStart(text: string): FeedStart {
  if (!LIKE_A_DATE.test(text)) return parseSince(text);
  const ms = parseTime(text);
  if (ms !== undefined) return { kind: 'time', ms };
  const hint = text.includes(' ') ? '; in an address + is written %2B' : '';
  throw new SkeinError('bad_position', `'${text.slice(0, 80)}' is no time of RFC 3339${hint}`);
}

function filterOf({ collections, prefix }: FeedQuery): FeedFilter | undefined {
  if (collections === undefined && prefix === undefined) return undefined;
  return {
    collections: collections === undefined ? undefined : new Set(collections.split(',').map(checkReadableCollection)),
    prefix,
  };
}
