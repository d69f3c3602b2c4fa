import { MEDIA_TYPES } from '@skein/protocol';
import { z } from 'zod';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY } from '../problems.ts';
import { shape } from '../shape.ts';

const count = z.int().nonnegative();

const merged = shape(
  'Merged',
  z.object({
    taken: count,
    known: count,
    passed_over: count,
    quarantined: count,
    conflicts: count,
    position: z.string(),
  }),
  'What became of the changes.',
  {
    taken: 'They are newer than what was here.',
    known: 'They were here already.',
    passed_over: 'What is here is newer.',
    quarantined: 'Their time is too far ahead of this node’s clock: they are not taken now.',
    conflicts: 'Changes, here or among these, that were lost to one that did not know of them.',
    position: 'Where the log of this node was when all of that was durable.',
  },
);

const line = {
  offset: 17,
  ts: EXAMPLE.ts,
  origin: 'node-2',
  stamp: `${EXAMPLE.ts}.9.k3f9a2bc`,
  over: `${EXAMPLE.ts - 4000}.node-1`,
  collection: 'orders',
  key: 'o-1',
  op: 'put',
  value: EXAMPLE.order,
};

export const meshOperations: Group = {
  tag: 'Mesh',
  description: 'Nodes that all take writes, and merge what the others have written.',
  operations: [
    {
      id: 'mergeChanges',
      method: 'post',
      path: '/v1/mesh/changes',
      summary: 'Have a node of a mesh merge changes of other nodes',
      description:
        'Lines as in the feed, with `origin` and `stamp`; their offsets are their sender’s and mean nothing here. All are read before any is merged. Sending them again does no harm. A node that is not of a mesh answers 404.',
      query: query(NO_QUERY, {}),
      body: {
        required: true,
        content: text(MEDIA_TYPES.ndjson, 'Up to 1,000 lines, 17 MiB together.', `${JSON.stringify(line)}\n`),
      },
      answers: [
        {
          status: 200,
          description: 'Each is decided, and what was taken is durable.',
          headers: ['Skein-Position'],
          content: json(merged, {
            taken: 1,
            known: 0,
            passed_over: 0,
            quarantined: 0,
            conflicts: 0,
            position: EXAMPLE.position,
          }),
        },
      ],
      errors: [
        ...ANY_QUERY,
        'bad_record',
        'incomplete_body',
        'unknown_path',
        'too_large',
        'unsupported_media_type',
        'overloaded',
        'outcome_unknown',
        'storage_full',
        'starting',
        'stopping',
      ],
    },
  ],
};
