import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  checkNodeId,
  encodeSnapshotTrailer,
  formatPosition,
  HEADERS,
  isSkeinError,
  LIMITS,
  MEDIA_TYPES,
  parsePosition,
  parseSince,
  parseSnapshotCursor,
  SkeinError,
  type Position,
  type SnapshotCursor,
} from '@skein/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SlotBook } from '../feed/slot-book.ts';
import { assertHere, refusalOf } from '../feed/refusal.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import type { Pin, Pins } from '../pins.ts';
import { parseBody } from '../documents/parse-body.ts';
import { headerOf, jsonBody, limitQuery, negotiate } from '../request.ts';
import { minPositionHook } from '../min-position.ts';
import type { Commits } from '../commits.ts';
import type { DocumentCursor, SnapshotPages } from './pages.ts';

export const snapshotQuery = z.strictObject({
  /** The position of a snapshot that was begun; without it a young one is taken. */
  at: z.string().optional(),
  after: z.string().optional(),
  /** Lines of one page; without it the answer is all of the snapshot. */
  limit: limitQuery.optional(),
  /** Where the log is to be kept from for the follower that asks; the snapshot's position unless given. */
  keep: z.string().optional(),
});

/** Followers that come within this time share a snapshot: the log leads all of them from there to the head. */
const SHARED_MS = 30_000;
const STREAM_PAGE_LINES = 1000;
const NAMES_MAX = 500;
/** Names may be long, and each character of one may be escaped. */
const NAMES_BYTES_MAX = NAMES_MAX * (6 * LIMITS.keyBytesMax + 256);

export interface SnapshotParts {
  readonly node: ServedNode;
  readonly pins: Pins;
  readonly pages: SnapshotPages;
  readonly slots: SlotBook;
  readonly commits: Commits;
}

/** GET /v1/snapshot: all documents as of one position, whole or in pages, resumable behind any line. */
export function snapshotRoute(app: FastifyInstance, parts: SnapshotParts): void {
  const { node, pins, pages, commits } = parts;
  const hasPosition = minPositionHook(node, commits);
  app
    .withTypeProvider<ZodTypeProvider>()
    .get('/v1/snapshot', { schema: { querystring: snapshotQuery } }, async (request, reply) => {
      const { at, after, limit, keep } = request.query;
      if (negotiate(headerOf(request, 'accept'), [MEDIA_TYPES.ndjson]) === undefined)
        throw new SkeinError('not_acceptable', `a snapshot is served as ${MEDIA_TYPES.ndjson}`);
      const from = after === undefined ? null : parseSnapshotCursor(after);
      await hasPosition(request, reply);
      const pin = await (at === undefined
        ? pins.take(SHARED_MS, offsetMinOf(request, node))
        : pins.at(parsePosition(at)));
      const { position } = pin.snapshot;
      await reserve(request, parts, keep === undefined ? position : parsePosition(keep));
      reply
        .header('content-type', MEDIA_TYPES.ndjson)
        .header('cache-control', 'no-store')
        .header(HEADERS.position, formatPosition(position));
      if (limit === undefined) return reply.send(Readable.from(whole(parts, pin, from), { objectMode: false }));
      return reply.send((await pages.page(pin, from, limit)).bytes);
    });
}

/** One from which the log does not lead on any more is of no use to whoever begins, nor one of before what it has to have. */
function offsetMinOf(request: FastifyRequest, { store }: ServedNode): number {
  const { tail, head } = store.facts;
  const kept = Math.min(tail, head.offset);
  const header = headerOf(request, HEADERS.minPosition);
  if (header === undefined) return kept;
  const min = parseSince(header);
  if (min.kind === 'now') return head.offset;
  return Math.max(kept, min.kind === 'offset' ? min.offset : min.position.offset);
}

export const namedQuery = z.strictObject({ at: z.string() });
export const names = z.array(z.string()).max(NAMES_MAX);

/** POST /v1/snapshot: documents by their names, as of a position: for whoever lacks a few of them. */
export function namedSnapshotRoute(app: FastifyInstance, { pins, pages }: Pick<SnapshotParts, 'pins' | 'pages'>): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .post(
      '/v1/snapshot',
      { schema: { querystring: namedQuery }, bodyLimit: NAMES_BYTES_MAX },
      async (request, reply) => {
        const wanted = parseBody(names, jsonBody(request)).map(checkedName);
        const pin = await pins.at(parsePosition(request.query.at));
        const { bytes } = await pages.named(pin, wanted);
        return reply.header('content-type', MEDIA_TYPES.ndjson).header('cache-control', 'no-store').send(bytes);
      },
    );
}

function checkedName(text: string): DocumentCursor {
  try {
    const cursor = parseSnapshotCursor(text);
    if (cursor.kind === 'document') return cursor;
  } catch (error) {
    if (!isSkeinError(error, 'bad_query')) throw error;
  }
  throw new SkeinError('bad_body', `'${text.slice(0, 80)}' is not the name of a document`);
}

/** The log is kept for a follower from before its first page on, or it would find nothing to go on with behind the last. */
async function reserve(request: FastifyRequest, { node, slots }: SnapshotParts, position: Position): Promise<void> {
  const id = headerOf(request, HEADERS.follower);
  if (id === undefined) return;
  await assertHere(node, position, headerOf(request, HEADERS.log));
  assertRecordKept(node, position);
  await slots.copies(checkNodeId(id), position);
  // A trim that was under way has not seen it.
  assertRecordKept(node, position);
}

/** A copy needs the record that ends where its snapshot was, too. */
function assertRecordKept(node: ServedNode, position: Position): void {
  const bounds = requireBounds(node);
  if (position.offset < bounds.tail && bounds.head.offset > 0) throw refusalOf({ kind: 'compacted' }, bounds);
}

/** The whole snapshot at the reader's pace, one page of it in memory. */
async function* whole({ pins, pages }: SnapshotParts, pin: Pin, from: SnapshotCursor | null): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let lines = 0;
  let after = from;
  for (;;) {
    const part = await pages.page(pin, after, STREAM_PAGE_LINES);
    const isFirst = after === from;
    if (isFirst) hash.update(part.header);
    hash.update(part.content);
    if (isFirst) yield part.header;
    yield part.content;
    lines += part.lines;
    after = part.next;
    if (after === null) break;
    // Asked for at each page, or it would be let go under a reader that takes long.
    await pins.at(pin.snapshot.position);
  }
  const checksum = hash.digest().subarray(0, 8).toString('hex');
  yield Buffer.from(encodeSnapshotTrailer({ next: null, lines, checksum }));
}
