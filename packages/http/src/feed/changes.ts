import { Readable } from 'node:stream';
import {
  formatPosition,
  HEADERS,
  isNodeId,
  LAG_UNKNOWN,
  MEDIA_TYPES,
  type Position,
  type Since,
} from '@skein/protocol';
import { planPage, type Lag } from '@skein/replication';
import type { FastifyInstance, FastifyReply, onSendHookHandler } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Commits, News } from '../commits.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import { readGate } from '../read-gate.ts';
import { acknowledge, notingRefusal } from './acknowledge.ts';
import type { EncodedPage } from './encode-page.ts';
import { feedQuery, feedRequestOf, type FeedRequest } from './feed-request.ts';
import { sinceOf, startingPosition } from './feed-start.ts';
import type { FeedFormat } from './page-key.ts';
import type { PageSource } from './page-source.ts';
import { heldAt, refusalOf } from './refusal.ts';
import type { SlotBook } from './slot-book.ts';
import type { EventStreams } from './streams/event-streams.ts';

/** A filtered reader is shown at least this many empty pages' worth of log before it has to ask again. */
const EMPTY_PAGES_MAX = 16;

export interface FeedParts {
  readonly node: ServedNode;
  readonly commits: Commits;
  readonly pages: PageSource;
  readonly streams: EventStreams;
  readonly slots: SlotBook;
}

/** A request for a page, and what is known of who makes it. */
interface PageRequest extends FeedRequest {
  readonly since: Since;
  /** It follows this node, and so wants to know as of when it has everything. */
  readonly isFollower: boolean;
}

/** GET /v1/changes: decides by the planner, then does what the plan says. */
export function changeFeed(app: FastifyInstance, parts: FeedParts): void {
  const { node, slots, streams } = parts;
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/changes',
    {
      schema: { querystring: feedQuery },
      preHandler: readGate(node, parts.commits),
      onSend: sayPath(node),
    },
    async (request, reply) => {
      const asked = feedRequestOf(request, request.query);
      if (request.method === 'HEAD') {
        await startingPosition(node, asked);
        return sendHead(reply, node, asked.format);
      }
      const follower = await acknowledge(request, node, slots);
      if (asked.format === MEDIA_TYPES.events) return sendStream(reply, node, await streams.begin(reply.raw, asked));
      const pageRequest = { ...asked, since: await sinceOf(node, asked), isFollower: follower !== undefined };
      const page = nextPage(parts, reply, pageRequest);
      return sendPage(reply, node, asked.format, await notingRefusal(parts, follower, pageRequest.since, page));
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
    const pushKey = node.pushKey?.() ?? null;
    if (pushKey !== null) reply.header(HEADERS.pushKey, pushKey);
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

/** Turns plans into deeds until there is a page to send: parks at the head, goes on past pages with nothing in them. */
async function nextPage(
  { node, commits, pages }: FeedParts,
  reply: FastifyReply,
  request: PageRequest,
): Promise<EncodedPage> {
  const { limit, format, encoding, filter, fields, log, isFollower } = request;
  let from = request.since;
  let asked: Position | undefined;
  let deadlineMs = node.clock.now() + request.waitMs;
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
    const page = await pages.page({ since: asked, from: plan.since, limit, format, encoding, filter, fields });
    if (page.changes > 0 || filter === undefined || ++emptyPages === EMPTY_PAGES_MAX) return page;
    if (page.facts.upToDate && !mayWait) return page;
    from = { kind: 'position', position: page.facts.next };
  }
}

function sendPage(reply: FastifyReply, node: ServedNode, format: FeedFormat, page: EncodedPage): FastifyReply {
  const { body, encoding, facts } = page;
  sayLag(reply, node.following?.lagAt(facts.head.offset));
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return sayFormat(reply, format)
    .header(HEADERS.next, formatPosition(facts.next))
    .header(HEADERS.head, facts.head.offset)
    .header(HEADERS.tail, facts.tail)
    .header(HEADERS.upToDate, facts.upToDate ? 'true' : 'false')
    .header(HEADERS.log, facts.log)
    .send(body);
}

/** Nothing on the way may keep an event back until there are more. */
function sendStream(reply: FastifyReply, node: ServedNode, stream: Readable): FastifyReply {
  return sayBounds(sayFormat(reply, MEDIA_TYPES.events), node).header('x-accel-buffering', 'no').send(stream);
}

/** What can be said without a page being read: that there is one, and of which log. */
function sendHead(reply: FastifyReply, node: ServedNode, format: FeedFormat): FastifyReply {
  // Something without a length, for the length of the page is not known.
  return sayBounds(sayFormat(reply, format), node).send(Readable.from([]));
}

function sayFormat(reply: FastifyReply, format: FeedFormat): FastifyReply {
  return reply
    .header('content-type', format)
    .header('cache-control', 'no-store')
    .header('vary', 'Accept, Accept-Encoding');
}

function sayBounds(reply: FastifyReply, node: ServedNode): FastifyReply {
  const { log, head, tail } = requireBounds(node);
  return reply.header(HEADERS.head, head.offset).header(HEADERS.tail, tail).header(HEADERS.log, log);
}
