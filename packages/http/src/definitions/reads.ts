import { DEFINITIONS } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import type { Commits } from '../commits.ts';
import { readableCollection } from '../documents/names.ts';
import { sendDocument } from '../documents/send-document.ts';
import type { ServedNode } from '../node.ts';
import { readGate } from '../read-gate.ts';
import { NO_QUERY } from '../request.ts';
import { definitionsOf } from './describe.ts';

/** GET of definitions: the same on every role. */
export function definitionReads(app: FastifyInstance, node: ServedNode, commits: Commits): void {
  const options = { schema: { querystring: NO_QUERY }, preHandler: readGate(node, commits) };

  app.get('/v1/definitions', options, async () => {
    return { definitions: await definitionsOf(node.store) };
  });

  app.get('/v1/definitions/:collection', options, async (request, reply) => {
    const collection = readableCollection(request);
    return sendDocument(request, reply, await node.store.documents.get(DEFINITIONS, collection));
  });
}
