import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS, MEDIA_TYPES } from '@skein/protocol';
import { z } from 'zod';
import { askNode, detailOf, type NodeAnswer } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';
import type { Chunk } from './chunks.ts';

export interface Target {
  readonly url: string;
  readonly collection: string;
}

const ANSWER_MS = 70_000;
/** A leader that is restarted, or replaced, is back within these: a minute, all in all. */
const PAUSES_MS = [250, 500, 1000, 2000, 4000, 8000, 15_000, 30_000];

const putSchema = z.object({ count: z.number(), position: z.string() });
/** Whatever is not as a node answers says nothing. */
const refusedSchema = z
  .object({ code: z.string().catch(''), line: z.number().optional(), count: z.number().catch(0) })
  .catch({ code: '', count: 0 });

/** A document that the node does not take; those before it are there. */
export class RefusedError extends Error {
  /** How many of the chunk are there. */
  readonly count: number;
  /** Of the file; null where it is not about one document. */
  readonly line: number | null;

  constructor(count: number, line: number | null, detail: string) {
    super(detail);
    this.count = count;
    this.line = line;
  }
}

export interface PutOptions {
  /** There is something to go on with, so that a node that is not there is waited for. */
  readonly isBegun: boolean;
  readonly onWaiting: (reason: string) => void;
}

/**
 * Puts a chunk of documents, and answers where the last one is. A node that is not there, or cannot now, is asked again for
 * about a minute: to put the same documents twice does no harm, and which ones were put is not known otherwise.
 */
export async function putChunk({ url, collection }: Target, chunk: Chunk, options: PutOptions): Promise<string> {
  const headers = { 'content-type': MEDIA_TYPES.ndjson };
  const question = {
    method: 'POST',
    path: `/v1/collections/${collection}`,
    headers,
    body: chunk.body,
    timeoutMs: ANSWER_MS,
  } as const;
  for (let tried = 0; ; tried++) {
    const failure = await askNode(url, question).then(
      (answer) => (answer.status === 200 ? putSchema.parse(answer.json).position : failureOf(answer, chunk)),
      (error: unknown) => error,
    );
    if (typeof failure === 'string') return failure;
    const pauseMs = options.isBegun || tried > 0 || isPassing(failure) ? PAUSES_MS[tried] : undefined;
    if (!(failure instanceof CommandError) || pauseMs === undefined) throw failure;
    options.onWaiting(failure.message);
    await sleep(pauseMs);
  }
}

/** Whether a node knows all of a log up to a position, which one that has taken the place of another may not. */
export async function isStillThere({ url, collection }: Target, position: string): Promise<boolean> {
  const answer = await askNode(url, {
    path: `/v1/collections/${collection}?limit=1`,
    headers: { [HEADERS.minPosition]: position },
    timeoutMs: ANSWER_MS,
  });
  if (answer.status === 200) return true;
  const { code } = refusedSchema.parse(answer.json);
  if (code === 'write_lost') return false;
  throw new CommandError('try-later', `${url}: ${detailOf(answer)}`);
}

/** That it may be otherwise later is a `CommandError`; that it will not, a `RefusedError`. */
function failureOf(answer: NodeAnswer, { lines }: Chunk): Error {
  const { status } = answer;
  if (status >= 500 || status === 429) return new CommandError('try-later', detailOf(answer));
  const { line, count } = refusedSchema.parse(answer.json);
  // The lines of a chunk are documents without gaps, so each has the number of a document.
  const lineOfFile = line === undefined ? null : (lines[line - 1] ?? null);
  return new RefusedError(count, lineOfFile, detailOf(answer).replace(/^line \d+: /, ''));
}

function isPassing(error: unknown): boolean {
  return error instanceof CommandError && error.reason === 'try-later';
}
