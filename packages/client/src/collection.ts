import type { Answer } from './answer.ts';
import type { ChangeEvent } from './change.ts';
import { changesOf, type ChangesOptions } from './changes.ts';
import type { Connection, Write } from './connection.ts';
import {
  readByIndex,
  readByKey,
  readPage,
  type Document,
  type IndexRange,
  type KeyRange,
  type Page,
  type PageOptions,
} from './documents.ts';
import { checkCollection, documentPath, encodeJson, query } from './encode.ts';
import { isSkeinError, orNull, SkeinError } from './error.ts';
import { load, type Loaded, type LoadOptions, type LoadSource } from './load.ts';
import type { ConditionalOptions, ReadOptions, WriteOptions } from './options.ts';
import { offsetOf } from './position.ts';
import { WAIT_SECONDS_MAX } from './wire.ts';
import { conditionOf, writtenOf, type Written } from './written.ts';

/** What an operator has made. */
export interface Changed<Value> extends Written {
  readonly value: Value;
}

/** What a merge patch (RFC 7396) may say of a value: null takes a field away, what is left out stays. */
export type MergePatch<T> = unknown extends T
  ? unknown
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { readonly [Name in keyof T]?: MergePatch<T[Name]> | null }
      : T;

export interface WaitOptions extends ReadOptions {
  /** The version that is known; null: the document is not known to be there. */
  readonly after: string | null;
  /** When to give up, with `timeout`; never unless given. */
  readonly forSeconds?: number | undefined;
}

/** How often a change of what is there is tried against those who change it at the same time. */
const UPDATES_MAX = 20;

/** Documents of one kind. A type given to it is taken at its word: nobody looks whether what is there is of it. */
export class Collection<T = unknown> {
  readonly name: string;
  readonly #connection: Connection;

  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = checkCollection(name);
  }

  /** Null when it is not there. */
  async get(key: string, options: ReadOptions = {}): Promise<Document<T> | null> {
    const answer = await orNull(this.#connection.read({ path: this.#documentPath(key) }, options));
    return answer === null ? null : documentOf<T>(key, answer);
  }

  /** Creates or replaces. */
  async put(key: string, value: T, options: ConditionalOptions = {}): Promise<Written> {
    return this.#write('PUT', key, encodeJson(value), options);
  }

  /** Changes some fields of what is there, or of nothing. */
  async patch(key: string, patch: MergePatch<T>, options: ConditionalOptions = {}): Promise<Written> {
    return this.#write('PATCH', key, encodeJson(patch), options);
  }

  /** Null when it was not there. */
  delete(key: string, options: ConditionalOptions = {}): Promise<Written | null> {
    return orNull(this.#write('DELETE', key, undefined, options));
  }

  /**
   * Reads, changes and writes back what is there, again when somebody else has changed it meanwhile. `change` is given
   * undefined when there is nothing; what it answers is written, and undefined leaves it as it is.
   */
  async update(
    key: string,
    change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
    options: Omit<WriteOptions, 'idempotencyKey'> = {},
  ): Promise<Written | null> {
    const common = { signal: options.signal, timeoutMs: options.timeoutMs };
    for (let tries = 1; ; tries++) {
      // After a clash, what a follower has may still be what was there before it.
      const maxStalenessSeconds = tries === 1 ? undefined : 0;
      const before = await this.get(key, { ...common, maxStalenessSeconds });
      const value = await change(before?.value);
      if (value === undefined) return null;
      try {
        return await this.put(key, value, { ...options, ifVersion: before?.version ?? null });
      } catch (error) {
        if (!isSkeinError(error, 'precondition_failed') || tries === UPDATES_MAX) throw error;
      }
    }
  }

  /** Adds to a number, which begins at 0. */
  increment(key: string, by = 1, options: ConditionalOptions = {}): Promise<Changed<number>> {
    return this.#operate(key, 'increment', { by }, options);
  }

  decrement(key: string, by = 1, options: ConditionalOptions = {}): Promise<Changed<number>> {
    return this.#operate(key, 'decrement', { by }, options);
  }

  /** Puts text behind a string, which begins empty. */
  append(key: string, text: string, options: ConditionalOptions = {}): Promise<Changed<string>> {
    return this.#operate(key, 'append', { text }, options);
  }

  prepend(key: string, text: string, options: ConditionalOptions = {}): Promise<Changed<string>> {
    return this.#operate(key, 'prepend', { text }, options);
  }

  /** A page in the order of keys. */
  list(options: KeyRange & PageOptions & ReadOptions = {}): Promise<Page<T>> {
    return readPage(this.#connection, this.name, options, options);
  }

  /** A page in the order of an index. */
  query(options: IndexRange & PageOptions & ReadOptions): Promise<Page<T>> {
    return readPage(this.#connection, this.name, options, options);
  }

  /** All documents, or all of a range of keys or of an index. */
  documents(
    options: (KeyRange | (IndexRange & PageOptions)) & ReadOptions = {},
  ): AsyncGenerator<Document<T>, void, undefined> {
    if ('index' in options) return readByIndex(this.#connection, this.name, options, options);
    return readByKey(this.#connection, this.name, options, options);
  }

  /** The document once it is at another version than the one that is known; null when it has been deleted. */
  async waitFor(key: string, { after, forSeconds = Infinity, ...options }: WaitOptions): Promise<Document<T> | null> {
    const { platform } = this.#connection.requester;
    // A node that has not come as far has another version, too: an older one.
    const minOffset = after === null ? 0 : offsetOf(after);
    const endMs = platform.now() + forSeconds * 1000;
    for (;;) {
      const leftSeconds = Math.max(0, Math.ceil((endMs - platform.now()) / 1000));
      const wait = Math.min(WAIT_SECONDS_MAX, leftSeconds);
      const path = `${this.#documentPath(key)}${query({ after: after ?? '0', wait })}`;
      const read = { path, expects: [304], waitMs: wait * 1000, minOffset };
      const answer = await orNull(this.#connection.read(read, options));
      if (answer === null && after !== null) return null;
      if (answer !== null && answer.status !== 304) return documentOf<T>(key, answer);
      if (platform.now() >= endMs) throw new SkeinError('timeout', `${this.name}/${key} is still as it was`);
    }
  }

  /** Puts many documents, in groups that are each done or not; an idempotency key of its own has each of them done once. */
  load(documents: LoadSource<T>, options: LoadOptions = {}): Promise<Loaded> {
    return load(this.#connection, this.name, documents, options);
  }

  /** What is changed in this collection. */
  changes(options: Omit<ChangesOptions, 'collections'> = {}): AsyncGenerator<ChangeEvent<T>, void, undefined> {
    return changesOf(this.#connection, { ...options, collections: [this.name] });
  }

  async #write(method: Write['method'], key: string, body: string | undefined, options: ConditionalOptions) {
    const answer = await this.#send({ method, path: this.#documentPath(key), body }, options);
    return writtenOf(answer);
  }

  async #operate(key: string, operator: string, operand: object, options: ConditionalOptions) {
    const path = `${this.#documentPath(key)}/${operator}`;
    const answer = await this.#send({ method: 'POST', path, body: encodeJson(operand) }, options);
    const { value } = answer.json() as Changed<never>;
    return { ...writtenOf(answer), value };
  }

  #send(write: Write, { ifVersion, ...options }: ConditionalOptions): Promise<Answer> {
    return this.#connection.write({ ...write, headers: conditionOf(ifVersion) }, options);
  }

  #documentPath(key: string): string {
    return documentPath(this.name, key);
  }
}

function documentOf<T>(key: string, answer: Answer): Document<T> {
  return { key, version: answer.version, value: answer.json() as T };
}
