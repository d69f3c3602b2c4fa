import { definitionSchema, MEDIA_TYPES } from '@skein/protocol';
import { z } from 'zod';
import { lineSchema } from '../../documents/bulk.ts';
import { DELETION_QUERY } from '../../documents/delete-collection.ts';
import { pageQuery } from '../../documents/reads.ts';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, text, type Group } from '../operation.ts';
import { BODIES, DOCUMENTS, READS, WRITES } from '../problems.ts';
import { shape } from '../shape.ts';
import { counted, documentPage } from '../shapes.ts';

export const indexState = z.object({
  name: z.string(),
  state: z.enum(['building', 'ready']),
  looked: z.int().nonnegative(),
});

const collections = shape(
  'Collections',
  z.object({
    collections: z.array(
      z.object({
        name: z.string(),
        documents: z.int().nonnegative(),
        definition: definitionSchema.optional(),
        indexes: z.array(indexState).optional(),
      }),
    ),
  }),
  'Every collection that has documents or a definition, by name; those with a definition say how their indexes are on this node.',
);

const loadedDocuments = shape('LoadedDocuments', z.array(lineSchema), 'Documents to put, in this order.');

const deletionLines = `{"deleted":1000,"of":2500}\n{"deleted":2000,"of":2500}\n{"count":2500,"position":"${EXAMPLE.position}"}\n`;
const done = { count: 2, position: EXAMPLE.position };

export const collectionOperations: Group = {
  tag: 'Collections',
  description:
    'Named sets of documents: `[A-Za-z0-9_-]{1,64}`. A collection nobody has written to is empty, not absent.',
  operations: [
    {
      id: 'listCollections',
      method: 'get',
      path: '/v1/collections',
      summary: 'List the collections',
      query: query(NO_QUERY, {}),
      headers: ['minPosition', 'preferOfReads'],
      answers: [
        {
          status: 200,
          description: 'The collections, with how many documents each has.',
          content: json(collections, {
            collections: [
              { name: 'carts', documents: 12 },
              {
                name: 'orders',
                documents: 4,
                definition: { indexes: [{ name: 'by-customer', fields: ['customer', 'total'] }] },
                indexes: [{ name: 'by-customer', state: 'ready', looked: 4 }],
              },
            ],
          }),
        },
      ],
      errors: READS,
    },
    {
      id: 'readCollection',
      method: 'get',
      path: '/v1/collections/{collection}',
      summary: 'Read documents in the order of their keys, or of an index',
      description:
        'A page of documents, which ends at `limit` or when it grows over 4 MiB. With `Accept: application/x-ndjson` all documents come in one stream, as of the moment it begins; it has no end but the last document unless `limit` is given.',
      query: query(pageQuery, {
        index: { description: 'The order of this index, instead of that of the keys.', example: 'by-customer' },
        prefix: {
          description: 'Only keys that begin so; with an index the values of its first fields, as a JSON array.',
          example: '["ann"]',
        },
        from: { description: 'The first key; with an index the first values, as a JSON array.' },
        to: {
          description:
            'The key to stop before; with an index the values to stop before, as a JSON array. Fewer values than there are fields stand for all that go on from them.',
        },
        after: { description: 'Go on behind this: the `next` of a page; without an index any key.' },
        limit: { description: 'How many documents.', default: 1000, example: 100 },
        reverse: { description: 'Descending order.', default: false },
      }),
      headers: ['minPosition', 'preferOfReads'],
      answers: [
        {
          status: 200,
          description: 'A page; or all documents, one a line.',
          content: {
            ...json(documentPage, {
              documents: [{ key: 'o-1', version: EXAMPLE.version, value: EXAMPLE.order }],
              next: 'o-1',
            }),
            ...text(
              MEDIA_TYPES.ndjson,
              'One `{"key","version","value"}` a line.',
              `{"key":"o-1","version":"${EXAMPLE.version}","value":{"customer":"ann","total":42}}\n`,
            ),
          },
        },
      ],
      errors: [...READS, 'bad_collection', 'bad_key', 'unknown_index', 'not_acceptable', 'index_building'],
    },
    {
      id: 'loadDocuments',
      method: 'post',
      path: '/v1/collections/{collection}',
      summary: 'Put many documents',
      description:
        'Lines of any number, or a JSON array of up to 64 MiB, put in groups as they arrive, of which two at most are under way while the next is read. A load is no transaction: a line that is refused ends it, and the answer says how many documents were committed before; a client goes on behind those. With an `Idempotency-Key` it is one transaction, of at most 1,000 documents.',
      query: query(NO_QUERY, {}),
      headers: ['idempotencyKey', 'preferOfWrites', 'traceparent'],
      body: {
        required: true,
        description: 'Each document as `{"key","value"}`.',
        content: {
          ...text(
            MEDIA_TYPES.ndjson,
            'One `{"key","value"}` a line; empty lines are passed over.',
            '{"key":"o-1","value":{"customer":"ann","total":42}}\n{"key":"o-2","value":{"customer":"bob","total":7}}\n',
          ),
          ...json(loadedDocuments, [
            { key: 'o-1', value: EXAMPLE.order },
            { key: 'o-2', value: { customer: 'bob', total: 7 } },
          ]),
        },
      },
      answers: [
        {
          status: 200,
          description: 'All of them are durable.',
          headers: ['Skein-Position', 'Idempotent-Replayed', 'Preference-Applied'],
          content: json(counted, done),
        },
      ],
      errors: [...DOCUMENTS, ...BODIES, 'bad_body', 'bad_line'],
    },
    {
      id: 'deleteCollection',
      method: 'delete',
      path: '/v1/collections/{collection}',
      summary: 'Delete every document of a collection',
      description:
        'As ordinary changes in groups of 1,000, each durable before the next is read. What is deleted is what was there when it began; a document somebody writes meanwhile stays. With `Accept: application/x-ndjson` it says how far it is a few times a second.',
      query: query(DELETION_QUERY, {
        confirm: {
          description: 'The name of the collection again; nothing is deleted without it.',
          required: true,
          example: 'orders',
        },
      }),
      headers: ['preferOfWrites', 'traceparent'],
      answers: [
        {
          status: 200,
          description: 'All of them are deleted; or how far that is, and as the last line what came of it.',
          headers: ['Skein-Position', 'Preference-Applied'],
          content: {
            ...json(counted, done),
            ...text(
              MEDIA_TYPES.ndjson,
              'Lines of `{"deleted","of"}`, and as the last one `{"count","position"}`, or the problem where it failed.',
              deletionLines,
            ),
          },
        },
      ],
      errors: [...WRITES, 'not_confirmed', 'not_acceptable'],
    },
  ],
};
