import { Readable } from 'node:stream';
import type { Clock, Document, Store } from '@skein/core';
import { formatPosition, HEADERS, isSkeinError, MEDIA_TYPES, SkeinError, type Position } from '@skein/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemBody, toSkeinError } from '../problem.ts';
import { headerOf, negotiate } from '../request.ts';
import { writableCollection } from './names.ts';
import type { Replicas } from './replicas.ts';
import { traceOf } from './writes.ts';

/** What the deletion of a collection needs: it reads what is there, and writes each document's end. */
export interface CollectionDeletionParts {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly clock: Clock;
  /** Set when the node goes down, or leads no longer. */
  readonly stopping: AbortSignal;
}

/** `confirm` is the name of the collection again: a path that was cut short, or built of nothing, deletes nothing. */
export const DELETION_QUERY = z.strictObject({ confirm: z.string().optional() });

const GROUP_DOCUMENTS = 1000;
const PROGRESS_EVERY_MS = 250;

/**
 * DELETE of a whole collection, as ordinary changes in groups. What is deleted is what was there when it began; a document
 * that somebody has written meanwhile is another one, and stays. Whoever asks for lines is told how far it is.
 */
export function collectionDeletion(app: FastifyInstance, parts: CollectionDeletionParts): void {
  const schema = { querystring: DELETION_QUERY };
  const url = '/v1/collections/:collection';
  app.withTypeProvider<ZodTypeProvider>().delete(url, { schema }, async (request, reply) => {
    const collection = writableCollection(request);
    assertConfirmed(collection, request.query.confirm);
    assertNoIdempotencyKey(request);
    const format = negotiate(headerOf(request, 'accept'), [MEDIA_TYPES.json, MEDIA_TYPES.ndjson]);
    if (format === undefined)
      throw new SkeinError('not_acceptable', `this is answered as ${MEDIA_TYPES.json} or ${MEDIA_TYPES.ndjson}`);
    const level = parts.replicas.levelOf(request);
    const deletion = new Deletion(parts, collection, request, reply);
    if (format === MEDIA_TYPES.json) {
      await deletion.refusing(async () => {
        for await (const _ of deletion.groups());
        await parts.replicas.reached(deletion.position, level, reply);
      });
      return reply.header(HEADERS.position, formatPosition(deletion.position)).send(deletion.outcome());
    }
    const groups = deletion.groups();
    const of = await deletion.refusing(async () => {
      const count = await parts.store.count(collection);
      // The first group before the answer begins: what is refused at once is refused with its status.
      await groups.next();
      return count;
    });
    const reached = (position: Position): Promise<void> | undefined => parts.replicas.reached(position, level);
    const lines = linesOf(deletion, { of, rest: groups, clock: parts.clock, reached });
    return reply.header('content-type', format).send(Readable.from(lines, { objectMode: false }));
  });
}

/** The documents of a collection as of one moment, and how many of them are deleted so far. */
class Deletion {
  readonly #parts: CollectionDeletionParts;
  readonly #collection: string;
  readonly #trace: string | undefined;
  readonly #isGone: () => boolean;
  #count = 0;
  #last: Position;

  constructor(parts: CollectionDeletionParts, collection: string, request: FastifyRequest, { raw }: FastifyReply) {
    this.#parts = parts;
    this.#collection = collection;
    this.#trace = traceOf(request);
    this.#isGone = () => raw.destroyed;
    this.#last = parts.store.facts.head;
  }

  get count(): number {
    return this.#count;
  }

  /** How far it has come; in the end, where the log ended when all of it was gone, whoever had deleted it. */
  get position(): Position {
    return this.#last;
  }

  /** Deletes group by group, each durable before the next is read, for as long as somebody is there to be told. */
  async *groups(): AsyncGenerator<void> {
    let group: Document[] = [];
    for await (const document of this.#parts.store.documents.iterate(this.#collection)) {
      group.push(document);
      if (group.length < GROUP_DOCUMENTS) continue;
      await this.#delete(group);
      group = [];
      yield;
      if (this.#isGone()) return;
      if (this.#parts.stopping.aborted) throw new SkeinError('stopping');
    }
    if (group.length > 0) await this.#delete(group);
    this.#last = await this.#parts.store.headOfSeen();
  }

  outcome(): { readonly count: number; readonly position: string } {
    return { count: this.#count, position: formatPosition(this.position) };
  }

  /** Does a part of it; what is refused says what was deleted before. */
  async refusing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.refusal(error);
    }
  }

  refusal(error: unknown): SkeinError {
    const { code, message, details } = toSkeinError(error);
    return new SkeinError(code, message, { ...details, ...this.outcome() }, error);
  }

  /** Each for itself, and only the version that was seen. */
  async #delete(group: readonly Document[]): Promise<void> {
    const deleting = group.map(({ key, version }) => {
      const operation = { op: 'delete', collection: this.#collection, key, condition: { ifMatch: [version] } } as const;
      return this.#parts.store.commit({ operations: [operation], trace: this.#trace });
    });
    const failures: SkeinError[] = [];
    for (const deleted of await Promise.allSettled(deleting)) {
      if (deleted.status === 'fulfilled') this.#note(deleted.value.position);
      else if (!isSkeinError(deleted.reason, 'precondition_failed')) failures.push(toSkeinError(deleted.reason));
    }
    // The first: it says what became of a group, where those behind it were not even tried.
    if (failures.length > 0) throw failures[0]!;
  }

  #note(position: Position): void {
    this.#count++;
    this.#last = position;
  }
}

interface Telling {
  /** How many documents there were about when it began. */
  readonly of: number;
  readonly rest: AsyncIterable<void>;
  readonly clock: Clock;
  readonly reached: (position: Position) => Promise<void> | undefined;
}

/** How far it is, a few times a second; then what came of it, which is a problem where it failed. */
async function* linesOf(deletion: Deletion, { of, rest, clock, reached }: Telling): AsyncGenerator<string> {
  try {
    yield lineOf({ deleted: deletion.count, of });
    let saidAtMs = clock.now();
    for await (const _ of rest) {
      if (clock.now() - saidAtMs < PROGRESS_EVERY_MS) continue;
      yield lineOf({ deleted: deletion.count, of });
      saidAtMs = clock.now();
    }
    await reached(deletion.position);
    yield lineOf(deletion.outcome());
  } catch (error) {
    yield `${problemBody(deletion.refusal(error))}\n`;
  }
}

function lineOf(said: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(said)}\n`;
}

function assertConfirmed(collection: string, confirm: string | undefined): void {
  if (confirm === collection) return;
  const given = confirm === undefined ? 'it is not given' : 'that is another name';
  throw new SkeinError('not_confirmed', `say ?confirm=${collection} to delete all of it: ${given}`);
}

/** Repeated, it would delete what has been written since: no answer of an earlier time is right for that. */
function assertNoIdempotencyKey(request: FastifyRequest): void {
  if (headerOf(request, HEADERS.idempotencyKey) === undefined) return;
  throw new SkeinError(
    'bad_header',
    'the deletion of a collection takes no Idempotency-Key: it may be repeated as it is',
  );
}
