import { definitionSchema, LIMITS } from '@skein/protocol';
import { z } from 'zod';
import { DEFINITION_QUERY } from '../../definitions/writes.ts';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, type Group } from '../operation.ts';
import { BODIES, READS, violation, WRITES } from '../problems.ts';
import { shape } from '../shape.ts';
import { written } from '../shapes.ts';
import { indexState } from './collections.ts';
import { writeAnswers } from './documents.ts';

const definition = shape(
  'Definition',
  definitionSchema,
  'What holds of every document of a collection. All members may be left out.',
  {
    schema: {
      type: ['object', 'boolean'],
      description: 'JSON Schema 2020-12, with its formats. A write that breaks it is refused with `invalid_document`.',
    },
    indexes:
      'Fields by which documents are found; a unique one allows no two documents that are alike in all of its fields.',
    ttlField:
      'A field that says when its document expires: RFC 3339, or milliseconds since 1970. Not beside `ttlSeconds`.',
    ttlSeconds: 'How long after it was last written a document expires.',
  },
);

const definitions = shape(
  'Definitions',
  z.object({
    definitions: z.array(
      z.object({
        collection: z.string(),
        version: z.string(),
        definition: definitionSchema,
        indexes: z.array(indexState),
      }),
    ),
  }),
  'The definitions of all collections, and how their indexes are on this node.',
);

const existing = shape(
  'ExistingDocuments',
  z.object({
    position: z.string(),
    documents: z.int().nonnegative(),
    broken: z.int().nonnegative(),
    examples: z.array(z.object({ key: z.string(), violations: z.array(violation) })),
  }),
  'How the documents that are there stand to a definition.',
  {
    position: 'As of when.',
    broken: 'How many of them break it.',
    examples: 'The first of those, 20 at most.',
  },
);

const stored = shape(
  'DefinitionAnswer',
  z.union([written.schema, existing.schema]),
  'What was written; with `check` how the documents stand to it.',
);

const EXAMPLE_DEFINITION = {
  schema: {
    type: 'object',
    required: ['customer'],
    properties: { total: { type: 'number', minimum: 0 } },
  },
  indexes: [
    { name: 'by-customer', fields: ['customer', 'total'] },
    { name: 'by-number', fields: ['invoice.number'], unique: true },
  ],
  ttlField: 'expires',
};

const path = '/v1/definitions/{collection}';
const answered = { key: 'orders', version: EXAMPLE.version, position: EXAMPLE.position };
const headers = ['ifMatch', 'ifNoneMatch', 'idempotencyKey', 'preferOfWrites', 'traceparent'] as const;
const checked = {
  position: EXAMPLE.position,
  documents: 4,
  broken: 1,
  examples: [{ key: 'o-3', violations: [{ path: '/total', rule: 'minimum', message: 'must be >= 0' }] }],
};

export const definitionOperations: Group = {
  tag: 'Definitions',
  description: `A JSON Schema, up to ${LIMITS.indexesMax} indexes and a time to live for a collection: held to on every write, and replicated with the documents.`,
  operations: [
    {
      id: 'listDefinitions',
      method: 'get',
      path: '/v1/definitions',
      summary: 'List the definitions',
      query: query(NO_QUERY, {}),
      headers: ['minPosition', 'preferOfReads'],
      answers: [
        {
          status: 200,
          description: 'All definitions.',
          content: json(definitions, {
            definitions: [
              {
                collection: 'orders',
                version: EXAMPLE.version,
                definition: EXAMPLE_DEFINITION,
                indexes: [
                  { name: 'by-customer', state: 'ready', looked: 4 },
                  { name: 'by-number', state: 'building', looked: 2 },
                ],
              },
            ],
          }),
        },
      ],
      errors: READS,
    },
    {
      id: 'getDefinition',
      method: 'get',
      path,
      summary: 'Read a definition',
      query: query(NO_QUERY, {}),
      headers: ['ifNoneMatchOfReads', 'minPosition', 'preferOfReads'],
      answers: [
        {
          status: 200,
          description: 'The definition alone.',
          headers: ['ETag'],
          content: json(definition, EXAMPLE_DEFINITION),
        },
        { status: 304, description: 'It is still at a version the client has.', headers: ['ETag'] },
      ],
      errors: [...READS, 'bad_collection', 'not_found'],
    },
    {
      id: 'putDefinition',
      method: 'put',
      path,
      summary: 'Define a collection',
      description:
        'Documents that are there stay as they are and may break it, unless `strict` is given. Indexes are built while the node goes on; how far they are is said by `GET /v1/collections`.',
      query: query(DEFINITION_QUERY, {
        check: {
          description: 'Store nothing, and answer how the documents that are there stand to it.',
          default: false,
        },
        strict: { description: 'Store it only if no document breaks it.', default: false },
      }),
      headers,
      body: { required: true, content: json(definition, EXAMPLE_DEFINITION) },
      answers: [
        {
          status: 200,
          description: 'It was there before and is replaced; with `check` nothing is.',
          headers: ['Skein-Position', 'ETag', 'Idempotent-Replayed', 'Preference-Applied'],
          content: { 'application/json': { shape: stored, examples: { stored: answered, checked } } },
        },
        writeAnswers(written, answered)[1]!,
      ],
      errors: [
        ...WRITES,
        ...BODIES,
        'bad_body',
        'bad_definition',
        'definition_broken',
        'precondition_failed',
        'idempotency_mismatch',
        'compacted',
      ],
    },
    {
      id: 'deleteDefinition',
      method: 'delete',
      path,
      summary: 'Take a definition away',
      description: 'Its indexes go with it; the documents stay.',
      query: query(NO_QUERY, {}),
      headers,
      answers: [
        {
          status: 200,
          description: 'It is gone, durably.',
          headers: ['Skein-Position', 'Idempotent-Replayed', 'Preference-Applied'],
          content: json(written, answered),
        },
      ],
      errors: [...WRITES, 'not_found', 'precondition_failed', 'idempotency_mismatch', 'compacted'],
    },
  ],
};
