import { badAnswer } from './answer.ts';
import type { Connection } from './connection.ts';
import { collectionPath, query } from './encode.ts';
import { isSkeinError } from './error.ts';
import { linesOf } from './lines.ts';
import type { ReadOptions } from './options.ts';
import { MEDIA_TYPES } from './wire.ts';

export interface Document<T> {
  readonly key: string;
  /** Of its last change; what `ifVersion` takes. */
  readonly version: string;
  readonly value: T;
}

export interface Page<T> {
  readonly documents: readonly Document<T>[];
  /** What to give as `after` for the next one; null behind the last. */
  readonly next: string | null;
}

/** Which documents, in the order of their keys. */
export interface KeyRange {
  /** Only keys that begin so. */
  readonly prefix?: string | undefined;
  /** The first key. */
  readonly from?: string | undefined;
  /** The key to stop before. */
  readonly to?: string | undefined;
  /** Only keys behind this one. */
  readonly after?: string | undefined;
  readonly reverse?: boolean | undefined;
}

/** Which documents, in the order of an index. */
export interface IndexRange {
  readonly index: string;
  /** Values of the first fields of the index. */
  readonly prefix?: readonly unknown[] | undefined;
  /** The first values. */
  readonly from?: readonly unknown[] | undefined;
  /** The values to stop before, or all that begin with them. */
  readonly to?: readonly unknown[] | undefined;
  /** The `next` of a page. */
  readonly after?: string | undefined;
  readonly reverse?: boolean | undefined;
}

export interface PageOptions {
  /** 1 to 5,000; 1,000 unless given. */
  readonly limit?: number | undefined;
}

export async function readPage<T>(
  connection: Connection,
  collection: string,
  range: KeyRange | IndexRange,
  options: PageOptions & ReadOptions,
): Promise<Page<T>> {
  const path = `${collectionPath(collection)}${query({ ...parametersOf(range), limit: options.limit })}`;
  const answer = await connection.read({ path, headers: { accept: MEDIA_TYPES.json } }, options);
  const { documents, next = null } = answer.json() as Partial<Page<T>>;
  if (documents === undefined) throw badAnswer(answer.url, 'is no page of documents');
  return { documents, next };
}

/** All documents of a range, in the order of an index page by page. */
export async function* readByIndex<T>(
  connection: Connection,
  collection: string,
  range: IndexRange,
  options: PageOptions & ReadOptions,
): AsyncGenerator<Document<T>, void, undefined> {
  for (let after: string | null | undefined = range.after; after !== null;) {
    const page: Page<T> = await readPage<T>(connection, collection, { ...range, after }, options);
    yield* page.documents;
    after = page.next;
  }
}

/**
 * All documents of a range, in one stream: as of the moment in which it begins, so that no transaction is seen by half. When it
 * breaks off, it goes on behind the last document as of a later moment, at whatever node answers.
 */
export async function* readByKey<T>(
  connection: Connection,
  collection: string,
  range: KeyRange,
  options: ReadOptions,
): AsyncGenerator<Document<T>, void, undefined> {
  let { after } = range;
  for (let failures = 0; ;) {
    const path = `${collectionPath(collection)}${query({ ...parametersOf({ ...range, after }) })}`;
    const open = await connection.open({ path, headers: { accept: MEDIA_TYPES.ndjson } }, options);
    try {
      for await (const line of linesOf(open, options.timeoutMs ?? connection.requester.timeoutMs)) {
        const document = JSON.parse(line) as Document<T>;
        after = document.key;
        failures = 0;
        yield document;
      }
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isSkeinError(error, 'unreachable') || ++failures > FAILURES_MAX) throw error;
    }
  }
}

/** So often in a row, without a document between. */
const FAILURES_MAX = 5;

function parametersOf(range: KeyRange | IndexRange): Readonly<Record<string, string | boolean | undefined>> {
  const { prefix, from, to, after, reverse } = range;
  const common = { after, reverse: reverse === true ? true : undefined };
  const textOf = (bound: string | readonly unknown[] | undefined): string | undefined =>
    typeof bound === 'object' ? JSON.stringify(bound) : bound;
  const index = 'index' in range ? range.index : undefined;
  return { index, prefix: textOf(prefix), from: textOf(from), to: textOf(to), ...common };
}
