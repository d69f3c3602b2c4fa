import type { Store } from '@skein/core';
import { definitionSchema, SkeinError, type Definition } from '@skein/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { sendAnswer } from '../answer.ts';
import { writtenAnswer } from '../documents/answers.ts';
import { conditionOf } from '../documents/conditions.ts';
import { idempotencyOf } from '../documents/idempotency.ts';
import { writableCollection } from '../documents/names.ts';
import { parseBody } from '../documents/parse-body.ts';
import { traceOf, type WriteParts } from '../documents/writes.ts';
import { flagQuery, jsonBody, NO_QUERY } from '../request.ts';

export const DEFINITION_QUERY = z.strictObject({
  /** Nothing is stored; answered is what it would be broken by. */
  check: flagQuery,
  /** Stored only where no document breaks it. */
  strict: flagQuery,
});

export interface DefinitionParts extends Pick<WriteParts, 'replicas'> {
  readonly definitions: Store['definitions'];
}

/** PUT and DELETE of the definition of a collection. */
export function definitionWrites(app: FastifyInstance, { definitions, replicas }: DefinitionParts): void {
  const url = '/v1/definitions/:collection';

  app
    .withTypeProvider<ZodTypeProvider>()
    .put(url, { schema: { querystring: DEFINITION_QUERY } }, async (request, reply) => {
      const collection = writableCollection(request);
      const definition = parseBody(definitionSchema, jsonBody(request));
      const { check, strict } = request.query;
      if (!check) return write(request, reply, { collection, definition, strict });
      return definitions.check(collection, definition, untilGone(reply));
    });

  app.delete(url, { schema: { querystring: NO_QUERY } }, (request, reply) =>
    write(request, reply, { collection: writableCollection(request), definition: null, strict: false }),
  );

  async function write(
    request: FastifyRequest,
    reply: FastifyReply,
    { collection, definition, strict }: Wanted,
  ): Promise<FastifyReply> {
    const options = {
      strict,
      condition: conditionOf(request),
      idempotency: idempotencyOf(request),
      trace: traceOf(request),
      signal: untilGone(reply),
    };
    const committed = await replicas.commit(request, reply, () => definitions.put(collection, definition, options));
    return sendAnswer(reply, writtenAnswer(committed, { withValue: false }));
  }
}

interface Wanted {
  readonly collection: string;
  readonly definition: Definition | null;
  readonly strict: boolean;
}

/** Looking at every document is work for nobody once the client has left. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new SkeinError('stopping', 'the client has left')));
  return gone.signal;
}
