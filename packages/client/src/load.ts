import type { Connection } from './connection.ts';
import { collectionPath, encodeJson } from './encode.ts';
import { isSkeinError } from './error.ts';
import type { WriteOptions } from './options.ts';
import { START, type Position } from './position.ts';
import { MEDIA_TYPES } from './wire.ts';

export interface KeyAndValue<T> {
  readonly key: string;
  readonly value: T;
}

export type LoadSource<T> = Iterable<KeyAndValue<T>> | AsyncIterable<KeyAndValue<T>>;

export interface Loaded {
  readonly count: number;
  /** Of the last one; `0` when there was none. */
  readonly position: Position;
}

export interface LoadOptions extends Omit<WriteOptions, 'idempotencyKey'> {
  /** Told after each group what is there by then. */
  readonly onProgress?: ((loaded: Loaded) => void) | undefined;
}

/** What a node takes in one piece. */
const GROUP_DOCUMENTS_MAX = 1000;
const GROUP_CHARS_MAX = 1024 * 1024;

/**
 * Puts documents group by group, as they come: one group in memory, the next one taken from the source when it is there. A
 * browser cannot stream a body, and a stream that breaks off could not be sent again without doing some of it twice; a group
 * can, since it is one transaction under one key. An error tells how many were there before it, as `problem.count`.
 */
export async function load<T>(
  connection: Connection,
  collection: string,
  documents: LoadSource<T>,
  { onProgress, ...options }: LoadOptions = {},
): Promise<Loaded> {
  const path = collectionPath(collection);
  let loaded: Loaded = { count: 0, position: START };
  for await (const lines of groupsOf(documents)) {
    try {
      const headers = { 'content-type': MEDIA_TYPES.ndjson };
      const answer = await connection.write({ method: 'POST', path, headers, body: lines.join('') }, options);
      loaded = { count: loaded.count + lines.length, position: (answer.json() as Loaded).position };
    } catch (error) {
      throw isSkeinError(error) ? error.with({ problem: { ...error.problem, ...loaded } }) : error;
    }
    onProgress?.(loaded);
  }
  return loaded;
}

async function* groupsOf<T>(documents: LoadSource<T>): AsyncGenerator<readonly string[], void, undefined> {
  let lines: string[] = [];
  let chars = 0;
  for await (const { key, value } of documents) {
    const line = `${encodeJson({ key, value })}\n`;
    if (lines.length === GROUP_DOCUMENTS_MAX || (lines.length > 0 && chars + line.length > GROUP_CHARS_MAX)) {
      yield lines;
      lines = [];
      chars = 0;
    }
    lines.push(line);
    chars += line.length;
  }
  if (lines.length > 0) yield lines;
}
