import type { Readable } from 'node:stream';
import { Load, type Committed, type Operation } from '@skein/core';
import {
  checkKey,
  formatPosition,
  HEADERS,
  isSkeinError,
  LIMITS,
  MEDIA_TYPES,
  SkeinError,
  START,
  type JsonValue,
  type Position,
} from '@skein/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { chunksOf } from '../cut-off-bodies.ts';
import { toSkeinError } from '../problem.ts';
import { headerOf, jsonBody, NO_QUERY, parseJsonBytes } from '../request.ts';
import { idempotencyOf } from './idempotency.ts';
import { linesOf } from './lines.ts';
import { writableCollection } from './names.ts';
import { parseBody } from './parse-body.ts';
import { checkValueSize, traceOf, type WriteParts, type Writer } from './writes.ts';

const GROUP_OPERATIONS_MAX = 1000;
const GROUP_BYTES_MAX = 1024 * 1024;
/** One is decided while the disk has the one before it. */
const GROUPS_UNDER_WAY_MAX = 2;
const ARRAY_BYTES_MAX = 64 * 1024 * 1024;
/** What a line has beside its value: its key, and the names. */
const LINE_OVERHEAD_BYTES = 8 * 1024;
/** Levels of JSON around a value: the line; and the list, when lines come as an array. */
const LEVELS_IN_LINE = 1;
const LEVELS_IN_ARRAY = 2;

export const lineSchema = z.strictObject({
  key: z.string(),
  value: z.custom<never>((given) => given !== undefined, 'is required'),
});

/**
 * POST of many documents to a collection, as NDJSON lines or a JSON array. A stream of any length is committed in groups
 * as it arrives, of which two are under way and a third is read; what was committed before a bad line stays and is
 * reported. With an Idempotency-Key the load is one transaction, since only then can a repeat be answered as a whole.
 */
export function bulkLoads(app: FastifyInstance, { writer, replicas }: WriteParts): void {
  app.register(async (scope) => {
    scope.addContentTypeParser(MEDIA_TYPES.ndjson, (_request, payload, done) => done(null, payload));
    const options = { schema: { querystring: NO_QUERY }, bodyLimit: ARRAY_BYTES_MAX };
    scope.post('/v1/collections/:collection', options, async (request, reply) => {
      const collection = writableCollection(request);
      if (headerOf(request, HEADERS.idempotencyKey) !== undefined) {
        return loadAsTransaction(request, reply, { collection, writer, replicas });
      }
      const source: BulkSource = { request, collection, valueBytesMax: writer.valueBytesMax, line: 0 };
      const level = replicas.levelOf(request);
      const load = new BulkLoad(writer, source);
      try {
        await load.run();
        await replicas.reached(load.position, level, reply);
      } catch (error) {
        throw load.refusal(error);
      }
      return sendLoaded(reply, load.count, load.position);
    });
  });
}

interface BulkSource {
  readonly request: FastifyRequest;
  readonly collection: string;
  readonly valueBytesMax: number;
  /** The line being read, from 1; for an array, the element. 0 before there is one. */
  line: number;
}

/** An operation, and where in the body it stands. */
interface Placed {
  readonly operation: Operation;
  readonly line: number;
}

/** Gathers operations into groups and commits them; knows how far it came. */
class BulkLoad {
  readonly #writer: Writer;
  readonly #source: BulkSource;
  readonly #load = new Load();
  #isRefused = false;
  #count = 0;
  #position: Position = START;

  constructor(writer: Writer, source: BulkSource) {
    this.#writer = writer;
    this.#source = source;
  }

  async run(): Promise<void> {
    let group: Placed[] = [];
    let bytes = 0;
    const underWay: Promise<void>[] = [];
    try {
      for await (const operations of operationsOf(this.#source)) {
        for (const operation of operations) {
          group.push({ operation, line: this.#source.line });
          bytes += operation.valueText.length;
          if (group.length < GROUP_OPERATIONS_MAX && bytes < GROUP_BYTES_MAX) continue;
          if (underWay.length === GROUPS_UNDER_WAY_MAX) await underWay.shift();
          const committed = this.#commit(group);
          committed.catch(() => undefined);
          underWay.push(committed);
          group = [];
          bytes = 0;
        }
      }
    } finally {
      await allInOrder(underWay);
    }
    if (group.length > 0) await this.#commit(group);
  }

  get count(): number {
    return this.#count;
  }

  /** Where the last change committed so far is. */
  get position(): Position {
    return this.#position;
  }

  /** The refusal with what was committed before it. A bad line is one whose own content is at fault. */
  refusal(error: unknown): SkeinError {
    const { code, message, details, status } = toSkeinError(error);
    const { line } = this.#source;
    const progress = { ...(line === 0 ? {} : { line }), count: this.#count, position: formatPosition(this.#position) };
    const isBadLine = line > 0 && status < 500 && code !== 'incomplete_body' && code !== 'overloaded';
    if (!isBadLine) return new SkeinError(code, message, { ...details, ...progress }, error);
    return new SkeinError(
      code === 'too_large' ? code : 'bad_line',
      `line ${line}: ${message}`,
      { ...details, ...progress, reason: code },
      error,
    );
  }

  async #commit(group: readonly Placed[]): Promise<void> {
    try {
      const operations = group.map(({ operation }) => operation);
      const committed: Committed = await this.#writer.load(operations, traceOf(this.#source.request), this.#load);
      this.#count += committed.changes.length;
      this.#position = committed.position;
    } catch (error) {
      // Others may have been read since; those behind it are refused for the same, which is no fault of theirs.
      if (!this.#isRefused && isSkeinError(error) && error.status < 500) this.#source.line = lineAtFault(error, group);
      this.#isRefused = true;
      throw error;
    }
  }
}

/** Waits for all of them; fails as the first of them that does. */
async function allInOrder(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(promises);
  for (const promise of promises) await promise;
}

/** The line of the operation that was refused; a group of one does not say which. */
function lineAtFault({ details }: SkeinError, group: readonly Placed[]): number {
  const { operation = 0 } = details as { readonly operation?: number };
  return group[operation]!.line;
}

interface TransactionTarget extends WriteParts {
  readonly collection: string;
}

async function loadAsTransaction(
  request: FastifyRequest,
  reply: FastifyReply,
  { collection, writer, replicas }: TransactionTarget,
): Promise<FastifyReply> {
  const chunks: Buffer[] = [];
  const operations: Operation[] = [];
  const source: BulkSource = { request, collection, valueBytesMax: writer.valueBytesMax, line: 0 };
  for await (const some of operationsOf(source, (chunk) => chunks.push(chunk))) {
    for (const operation of some) {
      operations.push(operation);
      if (operations.length > LIMITS.transactionOperationsMax) {
        throw new SkeinError(
          'too_large',
          `a bulk load with an Idempotency-Key is one transaction, of at most ${LIMITS.transactionOperationsMax} documents`,
        );
      }
    }
  }
  if (operations.length === 0) return sendLoaded(reply, 0, START);
  if (chunks.length > 0) request.body = Buffer.concat(chunks);
  const transaction = { operations, idempotency: idempotencyOf(request), trace: traceOf(request) };
  const committed = await replicas.commit(request, reply, () => writer.commit(transaction));
  if (committed.replayed) reply.header(HEADERS.idempotentReplayed, 'true');
  return sendLoaded(reply, committed.changes.length, committed.position);
}

function sendLoaded(reply: FastifyReply, count: number, at: Position): FastifyReply {
  const position = formatPosition(at);
  return reply.header(HEADERS.position, position).send({ count, position });
}

type Put = Operation & { readonly op: 'put' };

/** The documents of a body, as many at once as have come; each is looked at when its turn is. */
async function* operationsOf(source: BulkSource, onChunk?: (chunk: Buffer) => void): AsyncGenerator<Iterable<Put>> {
  const { request } = source;
  if (Buffer.isBuffer(request.body)) {
    const list = jsonBody(request, LIMITS.jsonDepthMax + LEVELS_IN_ARRAY);
    if (!Array.isArray(list)) throw new SkeinError('bad_body', `send a JSON array, or lines as ${MEDIA_TYPES.ndjson}`);
    yield ofElements(source, list);
    return;
  }
  if (request.body === undefined)
    throw new SkeinError('unsupported_media_type', `send ${MEDIA_TYPES.ndjson} or ${MEDIA_TYPES.json}`);
  const chunks = chunksOf(request.body as Readable, request.raw.socket);
  source.line = 1;
  for await (const lines of linesOf(chunks, source.valueBytesMax + LINE_OVERHEAD_BYTES, onChunk))
    yield ofLines(source, lines);
}

function* ofElements(source: BulkSource, elements: readonly unknown[]): Generator<Put> {
  for (const element of elements) {
    source.line++;
    yield toOperation(source, element);
  }
}

function* ofLines(source: BulkSource, lines: Iterable<Buffer>): Generator<Put> {
  for (const line of lines) {
    if (line.length > 0) yield toOperation(source, parseJsonBytes(line, LIMITS.jsonDepthMax + LEVELS_IN_LINE));
    source.line++;
  }
}

/** Nearly every line is one; zod says what is wrong with the others. */
function isLine(line: unknown): line is { readonly key: string; readonly value: JsonValue } {
  if (typeof line !== 'object' || line === null || Object.keys(line).length !== 2) return false;
  const { key, value } = line as { readonly key?: unknown; readonly value?: unknown };
  return typeof key === 'string' && value !== undefined && Object.hasOwn(line, 'key') && Object.hasOwn(line, 'value');
}

function toOperation({ collection, valueBytesMax }: BulkSource, line: unknown): Put {
  const { key, value } = isLine(line) ? line : parseBody(lineSchema, line);
  return { op: 'put', collection, key: checkKey(key), valueText: checkValueSize(JSON.stringify(value), valueBytesMax) };
}
