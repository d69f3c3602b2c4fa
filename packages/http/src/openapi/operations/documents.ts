import { documentQuery } from '../../documents/reads.ts';
import { transactionSchema } from '../../documents/transactions.ts';
import { incrementBody, textBody } from '../../documents/writes.ts';
import { NO_QUERY } from '../../request.ts';
import { z } from 'zod';
import { EXAMPLE } from '../examples.ts';
import type { RequestHeader } from '../headers.ts';
import { json, query, type AnswerText, type Body, type Group, type OperationText } from '../operation.ts';
import { BODIES, DOCUMENTS, READS } from '../problems.ts';
import { shape, type Shape } from '../shape.ts';
import { anyValue, operated, written } from '../shapes.ts';

const path = '/v1/collections/{collection}/{key}';
const answered = { key: 'o-1', version: EXAMPLE.version, position: EXAMPLE.position };
const writeHeaders: readonly RequestHeader[] = [
  'ifMatch',
  'ifNoneMatch',
  'idempotencyKey',
  'preferOfWrites',
  'traceparent',
];

/** How a write is answered: 200, and 201 where it made the document. */
export function writeAnswers(of: Shape, example: unknown): readonly AnswerText[] {
  const headers = ['Skein-Position', 'ETag', 'Idempotent-Replayed', 'Preference-Applied'] as const;
  const content = json(of, example);
  return [
    { status: 200, description: 'Durable; the document was there before.', headers, content },
    { status: 201, description: 'Durable; the document is new.', headers, content },
  ];
}

const increment = shape('IncrementBody', incrementBody, 'By how much.', { by: 'Any number.' });
const textOnly = shape('TextBody', textBody, 'The text.', { text: 'Put behind what is there, or before it.' });

interface Operator {
  readonly verb: string;
  readonly summary: string;
  readonly description: string;
  readonly body: Body;
  readonly value: unknown;
}

function operator({ verb, summary, description, body, value }: Operator): OperationText {
  return {
    id: `${verb}Document`,
    method: 'post',
    path: `${path}/${verb}`,
    summary,
    description: `${description} It is atomic however many clients do it at once.`,
    query: query(NO_QUERY, {}),
    headers: writeHeaders,
    body,
    answers: writeAnswers(operated, { ...answered, value }),
    errors: [...DOCUMENTS, ...BODIES, 'bad_body', 'wrong_type'],
  };
}

const transaction = shape(
  'Transaction',
  transactionSchema,
  'Operations that happen together. `ifVersion` is the version its document has to be at, null: it must not exist; left out, anything goes.',
);

const transactionResult = shape(
  'TransactionResult',
  z.object({
    position: z.string(),
    results: z.array(z.object({ collection: z.string(), key: z.string(), version: z.string() })),
  }),
  'What each operation led to, in the order given.',
);

export const documentOperations: Group = {
  tag: 'Documents',
  description:
    'A document is a key and any JSON value. Keys are 1 to 1,024 bytes of UTF-8, percent-encoded in paths, `/` included. A write is answered when it is durable on the leader; a follower passes it on to its leader.',
  operations: [
    {
      id: 'getDocument',
      method: 'get',
      path,
      summary: 'Read a document',
      description: 'The bare value. With `after` and `wait` the answer waits until the document has another version.',
      query: query(documentQuery, {
        after: {
          description: 'A version the client has, or 0 for none: answer with another one, 304 when the time is up.',
          example: EXAMPLE.version,
        },
        wait: { description: 'How many seconds to wait for that.', default: 0, example: 25 },
      }),
      headers: ['ifNoneMatchOfReads', 'minPosition', 'preferOfReads'],
      answers: [
        {
          status: 200,
          description: 'The value.',
          headers: ['ETag'],
          content: json(anyValue, EXAMPLE.order),
        },
        { status: 304, description: 'The document is still at a version the client has.', headers: ['ETag'] },
      ],
      errors: [...READS, 'bad_collection', 'bad_key', 'bad_version', 'not_found'],
    },
    {
      id: 'putDocument',
      method: 'put',
      path,
      summary: 'Create or replace a document',
      query: query(NO_QUERY, {}),
      headers: writeHeaders,
      body: { required: true, content: json(anyValue, EXAMPLE.order) },
      answers: writeAnswers(written, answered),
      errors: [...DOCUMENTS, ...BODIES],
    },
    {
      id: 'patchDocument',
      method: 'patch',
      path,
      summary: 'Merge into a document',
      description:
        'JSON merge patch (RFC 7396) on what is there, or on nothing: members of objects are set, and those that are null taken away.',
      query: query(NO_QUERY, {}),
      headers: writeHeaders,
      body: {
        required: true,
        content: {
          ...json(anyValue, { paid: true }),
          'application/merge-patch+json': { shape: anyValue, examples: { example: { paid: true, note: null } } },
        },
      },
      answers: writeAnswers(written, answered),
      errors: [...DOCUMENTS, ...BODIES],
    },
    {
      id: 'deleteDocument',
      method: 'delete',
      path,
      summary: 'Delete a document',
      query: query(NO_QUERY, {}),
      headers: writeHeaders,
      answers: [
        {
          status: 200,
          description: 'It is gone, durably.',
          headers: ['Skein-Position', 'Idempotent-Replayed', 'Preference-Applied'],
          content: json(written, answered),
        },
      ],
      errors: [...DOCUMENTS, 'not_found'],
    },
    operator({
      verb: 'increment',
      summary: 'Add to a number',
      description: 'Begins at 0 where there is no document.',
      body: { required: false, description: 'By 1 where it is left out.', content: json(increment, { by: 3 }) },
      value: 45,
    }),
    operator({
      verb: 'decrement',
      summary: 'Subtract from a number',
      description: 'Begins at 0 where there is no document.',
      body: { required: false, description: 'By 1 where it is left out.', content: json(increment, { by: 3 }) },
      value: 39,
    }),
    operator({
      verb: 'append',
      summary: 'Put text behind a string',
      description: 'Begins at `""` where there is no document.',
      body: { required: true, content: json(textOnly, { text: 'paid\n' }) },
      value: 'sent\npaid\n',
    }),
    operator({
      verb: 'prepend',
      summary: 'Put text before a string',
      description: 'Begins at `""` where there is no document.',
      body: { required: true, content: json(textOnly, { text: 'paid\n' }) },
      value: 'paid\nsent\n',
    }),
    {
      id: 'commitTransaction',
      method: 'post',
      path: '/v1/transactions',
      summary: 'Change several documents, all or nothing',
      description:
        'Up to 1,000 operations in at most 8 MiB. Operations see what the ones before them did, and no reader ever sees some of them only. The first refusal of any operation refuses all, with its index as `operation`.',
      query: query(NO_QUERY, {}),
      headers: ['idempotencyKey', 'preferOfWrites', 'traceparent'],
      body: {
        required: true,
        content: json(transaction, {
          operations: [
            { op: 'put', collection: 'orders', key: 'o-1', value: EXAMPLE.order, ifVersion: null },
            { op: 'patch', collection: 'orders', key: 'o-2', value: { paid: true }, ifVersion: '1040.3-k9f3ab2c' },
            { op: 'delete', collection: 'carts', key: 'c-7' },
            { op: 'increment', collection: 'counters', key: 'orders', by: 1 },
            { op: 'append', collection: 'notes', key: 'n-1', text: 'paid\n' },
          ],
        }),
      },
      answers: [
        {
          status: 200,
          description: 'All of it is durable.',
          headers: ['Skein-Position', 'Idempotent-Replayed', 'Preference-Applied'],
          content: json(transactionResult, {
            position: EXAMPLE.position,
            results: [{ collection: 'orders', key: 'o-1', version: EXAMPLE.version }],
          }),
        },
      ],
      errors: [...DOCUMENTS, ...BODIES, 'bad_body', 'bad_version', 'not_found', 'wrong_type'],
    },
  ],
};
