import { Readable } from 'node:stream';
import { formatEtag, MEDIA_TYPES, parseVersion, SkeinError } from '@skein/protocol';
import type { Document, DocumentPage, Store } from '@skein/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Commits, News } from '../commits.ts';
import { describeCollections } from '../definitions/describe.ts';
import type { ServedNode } from '../node.ts';
import { readGate } from '../read-gate.ts';
import { flagQuery, headerOf, limitQuery, negotiate, NO_QUERY, waitQuery } from '../request.ts';
import { documentText } from './answers.ts';
import { indexQuery } from './index-query.ts';
import { mentions } from './key-watch.ts';
import { DOCUMENT_URL, readableCollection, readableDocument, type DocumentName } from './names.ts';
import { sendDocument } from './send-document.ts';

export const pageQuery = z.strictObject({
  /** Documents in the order of an index; prefix, from and to are lists of values then, and of keys otherwise. */
  index: z.string().optional(),
  prefix: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  after: z.string().optional(),
  /** Unless given, a page has its default size, and a stream no end but the last document. */
  limit: limitQuery.optional(),
  reverse: flagQuery,
});

export const documentQuery = z.strictObject({
  /** A version the client has, or 0 for none: the answer waits for another. */
  after: z.string().optional(),
  wait: waitQuery,
});

/** GET of collections, pages and documents: the same on every role. */
export function documentReads(app: FastifyInstance, node: ServedNode, commits: Commits): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const preHandler = readGate(node, commits);

  typed.get('/v1/collections', { schema: { querystring: NO_QUERY }, preHandler }, async () => {
    return { collections: await describeCollections(node.store) };
  });

  typed.get(
    '/v1/collections/:collection',
    { schema: { querystring: pageQuery }, preHandler },
    async (request, reply) => {
      const collection = readableCollection(request);
      const format = negotiate(headerOf(request, 'accept'), [MEDIA_TYPES.json, MEDIA_TYPES.ndjson]);
      if (format === undefined)
        throw new SkeinError('not_acceptable', `documents are served as ${MEDIA_TYPES.json} or ${MEDIA_TYPES.ndjson}`);
      reply.header('content-type', format).header('vary', 'Accept');
      if (format === MEDIA_TYPES.ndjson) {
        const documents = documentsOf(node.store, collection, request.query);
        const chunks = ndjsonChunks(documents, request.query.limit ?? Infinity);
        return reply.send(Readable.from(chunks, { objectMode: false }));
      }
      const { documents, next } = await pageOf(node.store, collection, request.query);
      const nextText = next === undefined ? '' : `,"next":${JSON.stringify(next)}`;
      return reply.send(`{"documents":[${documents.map(documentText).join(',')}]${nextText}}`);
    },
  );

  typed.get(DOCUMENT_URL, { schema: { querystring: documentQuery }, preHandler }, async (request, reply) => {
    const name = readableDocument(request);
    const { after, wait } = request.query;
    if (after === undefined)
      return sendDocument(request, reply, await node.store.documents.get(name.collection, name.key));
    if (after !== '0') parseVersion(after);
    const document = await newerDocument(node, commits, reply, { name, after, waitMs: wait * 1000 });
    if (document?.version === after) return reply.code(304).header('etag', formatEtag(after)).send();
    return sendDocument(request, reply, document);
  });
}

type PageQuery = z.infer<typeof pageQuery>;

function documentsOf(store: Store, collection: string, { index, ...query }: PageQuery): AsyncIterable<Document> {
  if (index === undefined) return store.documents.iterate(collection, query);
  return store.indexes.iterate(collection, index, indexQuery(query));
}

function pageOf(store: Store, collection: string, { index, ...query }: PageQuery): Promise<DocumentPage> {
  if (index === undefined) return store.documents.scan(collection, query);
  return store.indexes.page(collection, index, indexQuery(query));
}

const CHUNK_CHARS = 64 * 1024;

/** Documents as lines, gathered into chunks worth sending; the client's pace is the scan's. */
async function* ndjsonChunks(documents: AsyncIterable<Document>, limit: number): AsyncGenerator<Buffer> {
  let chunk = '';
  let count = 0;
  for await (const document of documents) {
    chunk += `${documentText(document)}\n`;
    if (++count === limit) break;
    if (chunk.length < CHUNK_CHARS) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}

interface NewerThan {
  readonly name: DocumentName;
  readonly after: string;
  readonly waitMs: number;
}

/** The document once its version is another than `after`, or as it is when the time is up. */
async function newerDocument(
  node: ServedNode,
  commits: Commits,
  reply: FastifyReply,
  wanted: NewerThan,
): Promise<Document | undefined> {
  const { name, after } = wanted;
  const deadlineMs = node.clock.now() + wanted.waitMs;
  const isMentioned = mentions(name.collection, name.key);
  for (;;) {
    // Mentions are noted from before the read on, so a change between the read and the wait is not missed.
    let isChanged = false;
    const stop = node.store.subscribe((published) => {
      isChanged ||= isMentioned(published);
    });
    try {
      const document = await node.store.documents.get(name.collection, name.key);
      if ((document?.version ?? '0') !== after) return document;
      const holds = (news: News | undefined): boolean =>
        isChanged || (news !== undefined && news !== 'up-to-date' && isMentioned(news));
      const end = await commits.until(holds, deadlineMs - node.clock.now(), reply);
      if (end !== 'happened') return document;
    } finally {
      stop();
    }
  }
}
