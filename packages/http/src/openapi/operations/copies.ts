import {
  digestDocumentsSchema,
  digestPinSchema,
  digestRangesSchema,
  digestRootSchema,
  MEDIA_TYPES,
} from '@skein/protocol';
import { z } from 'zod';
import { digestQuery } from '../../digest/route.ts';
import { names, namedQuery, snapshotQuery } from '../../snapshot/snapshot.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY, BODIES, HISTORY } from '../problems.ts';
import { shape } from '../shape.ts';

const documentNames = shape(
  'DocumentNames',
  names,
  'Names of documents, `COLLECTION/KEY`, in the order of the documents.',
);

const digest = shape(
  'DigestAnswer',
  z.union([
    digestRootSchema,
    digestPinSchema.extend({ epoch: z.string().nullable() }),
    digestRangesSchema,
    digestDocumentsSchema,
  ]),
  'The digest of all documents; with `min` a position that is held; with `level` the parts of a digest.',
);

const HASH = '3b2f9c61a0d84e57c1f2a7b93d60e815';
const snapshotLines = [
  { snapshot: EXAMPLE.position, log: EXAMPLE.log, history: [{ epoch: EXAMPLE.epoch, offsetFirst: 1 }], documents: 1 },
  {
    offset: 1042,
    ts: EXAMPLE.ts,
    origin: 'leader-1',
    collection: 'orders',
    key: 'o-1',
    op: 'put',
    value: EXAMPLE.order,
  },
  { next: null, lines: 1, checksum: '60e4769024c08214' },
];
const snapshotText = text(
  MEDIA_TYPES.ndjson,
  'A header line with the position; a line for each document, in the byte order of collection and key; what is remembered of idempotency keys; a trailer line with `next`, `lines` and `checksum`. Without its trailer a page was cut off.',
  snapshotLines.map((line) => `${JSON.stringify(line)}\n`).join(''),
);
const held = ['starting', 'stopping', 'overloaded', 'snapshot_gone'] as const;

export const copyOperations: Group = {
  tag: 'Snapshots and digests',
  description: 'All documents as of one position, to begin from or to compare with.',
  operations: [
    {
      id: 'readSnapshot',
      method: 'get',
      path: '/v1/snapshot',
      summary: 'Read all documents as of one position',
      description:
        'Whole, or in pages, resumable behind any line. A node holds a snapshot for a minute after the last request for it.',
      query: query(snapshotQuery, {
        at: {
          description: 'The position of a snapshot that was begun; without it one is taken, or a young one shared.',
        },
        after: { description: 'Behind which line to begin: the `next` of a page.', example: 'orders/o-1' },
        limit: { description: 'Lines of one page; without it the answer is everything behind `after`.', example: 1000 },
        keep: { description: 'For a reader that names itself: where the log is to be kept from.' },
      }),
      headers: ['minPosition', 'preferOfReads', 'follower', 'log'],
      answers: [
        {
          status: 200,
          description: 'The snapshot, or a page of it.',
          headers: ['Skein-Position'],
          content: snapshotText,
        },
      ],
      errors: [
        ...ANY_QUERY,
        ...HISTORY,
        ...held,
        'bad_header',
        'bad_collection',
        'bad_key',
        'not_acceptable',
        'write_lost',
        'wait_timeout',
      ],
    },
    {
      id: 'readNamedDocuments',
      method: 'post',
      path: '/v1/snapshot',
      summary: 'Read some documents of a snapshot',
      description: 'Of up to 500 names those documents that the snapshot has, as a page of it.',
      query: query(namedQuery, { at: { description: 'The position of the snapshot.', example: EXAMPLE.position } }),
      body: { required: true, content: json(documentNames, ['orders/o-1', 'orders/o-2']) },
      answers: [{ status: 200, description: 'A page.', content: snapshotText }],
      errors: [...ANY_QUERY, ...BODIES, ...held, 'bad_body', 'bad_collection', 'bad_key', 'bad_position'],
    },
    {
      id: 'readDigest',
      method: 'get',
      path: '/v1/digest',
      summary: 'Read hashes of documents, to compare two nodes',
      description:
        'The hash of all documents; of ranges of them; of each document. Where two nodes have the same hash they have the same documents. The first answers may be 503 `starting` while the digests are made.',
      query: query(digestQuery, {
        by: { description: '`value` leaves versions out, for nodes of different logs.' },
        min: {
          description: 'Hold a position that is not before this one; `now` for where the log ends. Not beside `at`.',
        },
        at: { description: 'The position of an answer: read as of that.', example: EXAMPLE.position },
        level: { description: 'Which parts of the digest. Needs `at`.', example: 'branches' },
        from: {
          description: 'Parts that begin at this `COLLECTION/KEY` or behind. Needs `level`.',
          example: 'orders/o-1',
        },
        to: { description: 'Parts that begin before this `COLLECTION/KEY`. Needs `level`.' },
      }),
      answers: [
        {
          status: 200,
          description: 'The digest, a position, or up to 5,000 parts.',
          content: {
            'application/json': {
              shape: digest,
              examples: {
                root: {
                  log: EXAMPLE.log,
                  epoch: EXAMPLE.epoch,
                  position: EXAMPLE.position,
                  documents: 4,
                  hash: HASH,
                  by: 'version',
                },
                pin: { log: EXAMPLE.log, epoch: EXAMPLE.epoch, position: EXAMPLE.position },
                branches: { position: EXAMPLE.position, entries: [{ from: 'orders/o-1', documents: 4, hash: HASH }] },
                documents: {
                  position: EXAMPLE.position,
                  entries: [{ collection: 'orders', key: 'o-1', version: EXAMPLE.version, hash: HASH }],
                },
              },
            },
          },
        },
      ],
      errors: [...ANY_QUERY, ...held, 'ahead', 'bad_collection', 'bad_key', 'bad_position'],
    },
  ],
};
