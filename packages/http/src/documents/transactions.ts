import type { Condition, Operation } from '@skein/core';
import {
  checkKey,
  checkWritableCollection,
  LIMITS,
  parseVersion,
  SkeinError,
  isSkeinError,
  type JsonValue,
} from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { sendAnswer } from '../answer.ts';
import { jsonBody, NO_QUERY } from '../request.ts';
import { transactionAnswer } from './answers.ts';
import { idempotencyOf } from './idempotency.ts';
import { parseBody } from './parse-body.ts';
import { checkValueSize, traceOf, type WriteParts } from './writes.ts';

/** A version the document must be at; null when it must not exist. */
const versionOrNull = z.string().nullable().optional();
const name = { collection: z.string(), key: z.string(), ifVersion: versionOrNull };
const value = z.custom<JsonValue>((given) => given !== undefined, 'is required');

const operationSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('put'), ...name, value }),
  z.strictObject({ op: z.literal('patch'), ...name, value }),
  z.strictObject({ op: z.literal('delete'), ...name }),
  z.strictObject({ op: z.literal('increment'), ...name, by: z.number().default(1) }),
  z.strictObject({ op: z.literal('decrement'), ...name, by: z.number().default(1) }),
  z.strictObject({ op: z.literal('append'), ...name, text: z.string() }),
  z.strictObject({ op: z.literal('prepend'), ...name, text: z.string() }),
]);

export const transactionSchema = z.strictObject({
  operations: z.array(operationSchema).min(1).max(LIMITS.transactionOperationsMax),
});

/** Levels of JSON around a value in a transaction: the body, its list, the operation. */
const LEVELS_AROUND_VALUE = 3;

export function transactions(app: FastifyInstance, { writer, replicas }: WriteParts): void {
  const options = { schema: { querystring: NO_QUERY }, bodyLimit: LIMITS.transactionBytesMax };
  app.post('/v1/transactions', options, async (request, reply) => {
    const body = jsonBody(request, LIMITS.jsonDepthMax + LEVELS_AROUND_VALUE);
    const operations = parseOperations(body, writer.valueBytesMax);
    const transaction = { operations, idempotency: idempotencyOf(request), trace: traceOf(request) };
    const committed = await replicas.commit(request, reply, () => writer.commit(transaction));
    return sendAnswer(reply, transactionAnswer(committed));
  });
}

/** The operations of a transaction as it is given: over HTTP, or within a process. */
export function parseOperations(body: unknown, valueBytesMax: number): readonly Operation[] {
  const { operations } = parseBody(transactionSchema, body);
  return operations.map((operation, index) => toOperation(operation, index, valueBytesMax));
}

type GivenOperation = z.infer<typeof operationSchema>;

function toOperation(given: GivenOperation, index: number, valueBytesMax: number): Operation {
  try {
    const collection = checkWritableCollection(given.collection);
    const key = checkKey(given.key);
    return { collection, key, condition: conditionFor(given.ifVersion), ...bodyOf(given, valueBytesMax) };
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    throw new SkeinError(error.code, error.message, { ...error.details, operation: index }, error);
  }
}

type OperationBody = Operation extends infer Each
  ? Each extends Operation
    ? Omit<Each, 'collection' | 'key' | 'condition'>
    : never
  : never;

function bodyOf(given: GivenOperation, valueBytesMax: number): OperationBody {
  switch (given.op) {
    case 'put':
      return { op: 'put', valueText: checkValueSize(JSON.stringify(given.value), valueBytesMax) };
    case 'patch':
      return { op: 'patch', patch: given.value };
    case 'delete':
      return { op: 'delete' };
    case 'increment':
      return { op: 'increment', by: given.by };
    case 'decrement':
      return { op: 'increment', by: -given.by };
    case 'append':
    case 'prepend':
      return { op: given.op, text: given.text };
  }
}

function conditionFor(ifVersion: string | null | undefined): Condition | undefined {
  if (ifVersion === undefined) return undefined;
  if (ifVersion === null) return { ifNoneMatch: '*' };
  parseVersion(ifVersion);
  return { ifMatch: [ifVersion] };
}
