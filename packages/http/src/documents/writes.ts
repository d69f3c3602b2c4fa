import type { Committed, Load, Operation, Transaction } from '@skein/core';
import { SkeinError, type JsonValue } from '@skein/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sendAnswer } from '../answer.ts';
import { headerOf, jsonBody, NO_QUERY } from '../request.ts';
import { writtenAnswer } from './answers.ts';
import { conditionOf } from './conditions.ts';
import { idempotencyOf } from './idempotency.ts';
import { DOCUMENT_URL, writableDocument, type DocumentName } from './names.ts';
import { parseBody } from './parse-body.ts';
import type { Replicas } from './replicas.ts';

/** Where writes go: a leader's store, or whatever else takes them. */
export interface Writer {
  readonly valueBytesMax: number;
  commit(transaction: Transaction): Promise<Committed>;
  /** Many changes acknowledged together, each for itself; none behind one of the same load that was refused. */
  load(operations: readonly Operation[], trace: string | undefined, load: Load): Promise<Committed>;
}

/** What the routes that write need. */
export interface WriteParts {
  readonly writer: Writer;
  readonly replicas: Replicas;
}

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export const incrementBody = z.strictObject({ by: z.number().default(1) });
export const textBody = z.strictObject({ text: z.string() });

/** PUT, PATCH, DELETE and the four operators of one document. */
export function documentWrites(app: FastifyInstance, { writer, replicas }: WriteParts): void {
  const schema = { querystring: NO_QUERY };
  const bodyLimit = writer.valueBytesMax;

  app.put(DOCUMENT_URL, { schema, bodyLimit }, (request, reply) => {
    const { collection, key } = writableDocument(request);
    const valueText = JSON.stringify(jsonBody(request));
    return write(request, reply, { op: 'put', collection, key, valueText }, { withValue: false });
  });

  app.patch(DOCUMENT_URL, { schema, bodyLimit }, (request, reply) => {
    const name = writableDocument(request);
    return write(request, reply, { ...name, op: 'patch', patch: jsonBody(request) }, { withValue: false });
  });

  app.delete(DOCUMENT_URL, { schema, bodyLimit }, (request, reply) => {
    return write(request, reply, { ...writableDocument(request), op: 'delete' }, { withValue: false });
  });

  const operator = (verb: string, operationOf: (name: DocumentName, body: JsonValue) => Operation): void => {
    app.post(`${DOCUMENT_URL}/${verb}`, { schema, bodyLimit }, (request, reply) => {
      const name = writableDocument(request);
      const body = request.body === undefined ? {} : jsonBody(request);
      return write(request, reply, operationOf(name, body), { withValue: true });
    });
  };
  operator('increment', (name, body) => ({ ...name, op: 'increment', by: parseBody(incrementBody, body).by }));
  operator('decrement', (name, body) => ({ ...name, op: 'increment', by: -parseBody(incrementBody, body).by }));
  operator('append', (name, body) => ({ ...name, op: 'append', text: parseBody(textBody, body).text }));
  operator('prepend', (name, body) => ({ ...name, op: 'prepend', text: parseBody(textBody, body).text }));

  async function write(
    request: FastifyRequest,
    reply: FastifyReply,
    operation: Operation,
    options: { withValue: boolean },
  ): Promise<FastifyReply> {
    const condition = conditionOf(request);
    const transaction = {
      operations: [condition === undefined ? operation : { ...operation, condition }],
      idempotency: idempotencyOf(request),
      trace: traceOf(request),
    };
    const committed = await replicas.commit(request, reply, () => writer.commit(transaction));
    return sendAnswer(reply, writtenAnswer(committed, options));
  }
}

/** The W3C trace context of a write, carried in its lines so that a change can be followed to every node. */
export function traceOf(request: FastifyRequest): string | undefined {
  const traceparent = headerOf(request, 'traceparent');
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined;
}

export function checkValueSize(valueText: string, valueBytesMax: number): string {
  if (
    valueText.length > valueBytesMax ||
    (valueText.length * 3 > valueBytesMax && Buffer.byteLength(valueText) > valueBytesMax)
  ) {
    throw new SkeinError('too_large', `a value is over ${valueBytesMax} bytes`);
  }
  return valueText;
}
