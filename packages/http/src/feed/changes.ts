import {
  checkNodeId,
  checkReadableCollection,
  formatPosition,
  HEADERS,
  isNodeId,
  isSkeinError,
  LAG_UNKNOWN,
  LIMITS,
  MEDIA_TYPES,
  parsePosition,
  parseSince,
  samePosition,
  SkeinError,
  type Position,
  type Since,
} from '@skein/protocol';
import { isOnlyLate, planPage, type Lag } from '@skein/replication';
import type { FastifyInstance, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Commits, News } from '../commits.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import { readGate } from '../read-gate.ts';
import { headerOf, limitQuery, negotiate, waitQuery } from '../request.ts';
import type { EncodedPage } from './encode-page.ts';
import type { FeedFilter, FeedFormat } from './page-key.ts';
import type { PageSource } from './page-source.ts';
import { heldAt, refusalOf } from './refusal.ts';
import type { SlotBook } from './slot-book.ts';

const feedQuery = z.strictObject({
  since: z.string().default('0'),
  limit: limitQuery.default(LIMITS.pageLimitDefault),
  wait: waitQuery,
  collections: z.string().optional(),
  prefix: z.string().optional(),
});

/** A filtered reader is shown at least this many empty pages' worth of log before it has to ask again. */
const EMPTY_PAGES_MAX = 16;

export interface FeedParts {
  readonly node: ServedNode;
  readonly commits: Commits;
  readonly pages: PageSource;
  readonly slots: SlotBook;
}

interface FeedRequest {
  readonly since: Since;
  readonly limit: number;
  readonly format: FeedFormat;
  readonly filter: FeedFilter | undefined;
  readonly log: string | undefined;
  readonly deadlineMs: number;
  /** It follows this node, and so wants to know as of when it has everything. */
  readonly isFollower: boolean;
}

/** GET /v1/changes: decides by the planner, then does what the plan says. */
export function changeFeed(app: FastifyInstance, parts: FeedParts): void {
  const { node, slots } = parts;
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/changes',
    {
      schema: { querystring: feedQuery },
      preHandler: readGate(node, parts.commits),
      onSend: sayPath(node),
    },
    async (request, reply) => {
      const { since, limit, wait, collections, prefix } = request.query;
      const format = formatOf(request);
      const filter = filterOf(collections, prefix);
      if (format === MEDIA_TYPES.records && filter !== undefined)
        throw new SkeinError('bad_query', 'records cannot be filtered: they are whole');
      const follower = await acknowledge(request, node, slots);
      const asked = {
        since: parseSince(since),
        limit,
        format,
        filter,
        log: headerOf(request, HEADERS.log),
        deadlineMs: node.clock.now() + wait * 1000,
        isFollower: follower !== undefined,
      };
      const page = await notingRefusal(parts, follower, asked.since, nextPage(parts, reply, asked));
      sayLag(reply, node.following?.lagAt(page.facts.head.offset));
      return sendPage(reply, format, page);
    },
  );
}

/**
 * Whom this node follows, on pages and refusals alike: empty nodes that follow each other in a cycle answer with nothing
 * else. It is told as it is when the answer goes out, for the request may have stood for long. And which question it is an
 * answer to, where the asker has named it.
 */
function sayPath(node: ServedNode): onSendHookHandler {
  return (request, reply, payload, done) => {
    const path = node.following?.path() ?? null;
    if (path !== null) reply.header(HEADERS.upstream, path.join(','));
    const question = request.headers[HEADERS.question];
    if (typeof question === 'string' && isNodeId(question)) reply.header(HEADERS.question, question);
    done(null, payload);
  };
}

/**
 * How far what is sent is behind, where it may be: a follower of a follower is not up to date because it has what that one
 * has. A page may have been made some time ago for another reader; what holds of where it ends holds of it now.
 */
function sayLag(reply: FastifyReply, lag: Lag | undefined): void {
  if (lag === undefined) return;
  reply.header(HEADERS.lagChanges, lag.changes ?? LAG_UNKNOWN).header(HEADERS.lagMs, lag.ms ?? LAG_UNKNOWN);
}

function formatOf(request: FastifyRequest): FeedFormat {
  const format = negotiate<FeedFormat>(headerOf(request, 'accept'), [
    MEDIA_TYPES.json,
    MEDIA_TYPES.ndjson,
    MEDIA_TYPES.records,
  ]);
  if (format !== undefined) return format;
  throw new SkeinError(
    'not_acceptable',
    `the feed is served as ${MEDIA_TYPES.json}, ${MEDIA_TYPES.ndjson} or ${MEDIA_TYPES.records}`,
  );
}

function filterOf(collections: string | undefined, prefix: string | undefined): FeedFilter | undefined {
  if (collections === undefined && prefix === undefined) return undefined;
  return {
    collections: collections === undefined ? undefined : new Set(collections.split(',').map(checkReadableCollection)),
    prefix,
  };
}

/**
 * What a follower has durably; anything that is not on this log, or not kept any more, is no acknowledgement. Answers who
 * it is.
 */
async function acknowledge(
  request: FastifyRequest,
  { store }: ServedNode,
  slots: SlotBook,
): Promise<string | undefined> {
  const id = headerOf(request, HEADERS.follower);
  if (id === undefined) return undefined;
  const header = headerOf(request, HEADERS.applied);
  const applied = header === undefined ? undefined : parsePosition(header);
  await slots.seen(checkNodeId(id), applied !== undefined && (await isOurs(applied, store)) ? applied : undefined);
  return id;
}

/** What leads nowhere without an operator: whoever is refused so asks no more, and looks well from here otherwise. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['diverged', 'other_log', 'ahead']);

/** Remembers with a follower that it is refused for good, or that it got its page after all. */
async function notingRefusal(
  { node, slots }: FeedParts,
  id: string | undefined,
  since: Since,
  page: Promise<EncodedPage>,
): Promise<EncodedPage> {
  if (id === undefined) return page;
  try {
    const made = await page;
    // Where the log ends now is told to everybody.
    if (since.kind !== 'now') slots.answered(id, null);
    return made;
  } catch (error) {
    const isFinal = isSkeinError(error) && FINAL_REFUSALS.has(error.code) && !isOnlyLate(error.code, node.role);
    if (isFinal) slots.answered(id, error.code);
    throw error;
  }
}

/** Proven by its hash: what is of a lost branch, or forged, acknowledges nothing. */
async function isOurs(position: Position, store: ServedNode['store']): Promise<boolean> {
  if (position.offset === 0) return true;
  const held = await store.positionAt(position.offset);
  return held !== undefined && samePosition(held, position);
}

/** Turns plans into deeds until there is a page to send: parks at the head, goes on past pages with nothing in them. */
async function nextPage(
  { node, commits, pages }: FeedParts,
  reply: FastifyReply,
  request: FeedRequest,
): Promise<EncodedPage> {
  const { limit, format, filter, log, isFollower } = request;
  let from = request.since;
  let asked: Position | undefined;
  let { deadlineMs } = request;
  for (let emptyPages = 0; ;) {
    const bounds = requireBounds(node);
    const mayWait = node.clock.now() < deadlineMs && !node.stopping.aborted;
    const plan = planPage({ since: from, log, mayWait }, bounds, await heldAt(node, from, bounds));
    if (plan.kind !== 'page' && plan.kind !== 'wait') throw refusalOf(plan, bounds);
    asked ??= plan.since;
    from = { kind: 'position', position: plan.since };
    if (plan.kind === 'wait') {
      const hasMore = (): boolean => node.store.facts.head.offset > plan.since.offset;
      const isAwaited = (news: News | undefined): boolean =>
        news === 'up-to-date' ? isFollower : news?.isAnew === true || hasMore();
      const end = await commits.until(isAwaited, deadlineMs - node.clock.now(), reply);
      // Time up, nobody left to wait for, or the news that there is none: the next round answers with what there is.
      if (end !== 'happened' || !hasMore()) deadlineMs = 0;
      continue;
    }
    const page = await pages.page({ since: asked, from: plan.since, limit, format, filter });
    if (page.changes > 0 || filter === undefined || ++emptyPages === EMPTY_PAGES_MAX) return page;
    if (page.facts.upToDate && !mayWait) return page;
    from = { kind: 'position', position: page.facts.next };
  }
}

function sendPage(reply: FastifyReply, format: FeedFormat, { body, facts }: EncodedPage): FastifyReply {
  return reply
    .header('content-type', format)
    .header('cache-control', 'no-store')
    .header('vary', 'Accept')
    .header(HEADERS.next, formatPosition(facts.next))
    .header(HEADERS.head, facts.head.offset)
    .header(HEADERS.tail, facts.tail)
    .header(HEADERS.upToDate, facts.upToDate ? 'true' : 'false')
    .header(HEADERS.log, facts.log)
    .send(body);
}
