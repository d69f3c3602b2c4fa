import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkKey, checkReadableCollection, checkWritableCollection, SkeinError } from '@skein/protocol';
import type { FastifyBaseLogger } from 'fastify';
import type { Answer, HeaderList } from '../answer.ts';
import { documentAnswer, writtenAnswer } from '../documents/answers.ts';
import type { DocumentName } from '../documents/names.ts';
import type { WriteParts } from '../documents/writes.ts';
import type { Routes } from '../front.ts';
import type { ServedNode } from '../node.ts';
import type { Observe } from '../operations/request-durations.ts';
import { logInternal, problemAnswer, toSkeinError } from '../problem.ts';
import { parseJsonBytes } from '../request.ts';
import { everydayDocument } from './everyday-request.ts';

export interface EverydayParts {
  readonly node: ServedNode;
  /** Where writes go; a node that passes them on has none. */
  readonly writes?: WriteParts | undefined;
  /** Who answers, on every answer. */
  readonly names: () => HeaderList;
  /** What else is on every one. */
  readonly headers: HeaderList;
  readonly observe: Observe;
  readonly logger?: FastifyBaseLogger | undefined;
  /** Answers longer than this are compressed for who takes that, which is not done here. */
  readonly compressedBytesMin: number;
  /** Answers everything. */
  readonly app: Routes;
}

/**
 * Answers the two requests that most are, a plain GET of a document and a plain PUT, as the app would, and without it: what
 * the app does for a request so that it could be any is a third of all the work of these two. Whatever asks for more than
 * they do is the app's.
 */
export class EverydayAnswers implements Routes {
  readonly #parts: EverydayParts;

  constructor(parts: EverydayParts) {
    this.#parts = parts;
  }

  routing(request: IncomingMessage, response: ServerResponse): void {
    const { node, writes, app } = this.#parts;
    const name = node.stopping.aborted ? undefined : everydayDocument(request);
    if (name === undefined) app.routing(request, response);
    else if (request.method === 'GET') void this.#read(request, response, name);
    else if (writes === undefined || Number(request.headers['content-length']) > writes.writer.valueBytesMax)
      app.routing(request, response);
    else void this.#write(request, response, { name, writes });
  }

  async #read(request: IncomingMessage, response: ServerResponse, { collection, key }: DocumentName): Promise<void> {
    const { node, app, compressedBytesMin } = this.#parts;
    const startedAtMs = node.clock.now();
    let answer: Answer;
    try {
      const document = await node.store.documents.get(checkReadableCollection(collection), checkKey(key));
      if (document === undefined) throw new SkeinError('not_found');
      const isCompressed =
        document.valueLength >= compressedBytesMin && request.headers['accept-encoding'] !== undefined;
      if (isCompressed) return app.routing(request, response);
      answer = documentAnswer(document);
    } catch (error) {
      answer = this.#refusal(request, error);
    }
    this.#give(request, response, { answer, startedAtMs });
  }

  async #write(
    request: IncomingMessage,
    response: ServerResponse,
    { name, writes }: { readonly name: DocumentName; readonly writes: WriteParts },
  ): Promise<void> {
    const startedAtMs = this.#parts.node.clock.now();
    const body = await bodyOf(request);
    let answer: Answer;
    try {
      const collection = checkWritableCollection(name.collection);
      const key = checkKey(name.key);
      const valueText = JSON.stringify(parseJsonBytes(body));
      const operations = [{ op: 'put', collection, key, valueText } as const];
      const transaction = { operations, idempotency: undefined, trace: undefined };
      const committed = await writes.replicas.commitHere(() => writes.writer.commit(transaction));
      answer = writtenAnswer(committed, { withValue: false });
    } catch (error) {
      answer = this.#refusal(request, error);
    }
    this.#give(request, response, { answer, startedAtMs });
  }

  #refusal(request: IncomingMessage, thrown: unknown): Answer {
    const error = toSkeinError(thrown);
    logInternal(this.#parts.logger, error, request);
    return problemAnswer(error);
  }

  #give(
    { method }: IncomingMessage,
    response: ServerResponse,
    { answer, startedAtMs }: { readonly answer: Answer; readonly startedAtMs: number },
  ): void {
    const { node, names, headers, observe } = this.#parts;
    const { status, body } = answer;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const head = [...names(), ...answer.headers, ...headers, 'content-length', String(length)];
    if (node.stopping.aborted) head.push('connection', 'close');
    response.writeHead(status, head);
    // Bytes as text of one byte a character: head and body are one piece then, and so one write.
    if (typeof body === 'string') response.end(body);
    else response.end(body.toString('latin1'), 'latin1');
    observe(method!, status, (node.clock.now() - startedAtMs) / 1000);
  }
}

/** Never resolves when the client goes away in the middle of it. */
function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  });
}
