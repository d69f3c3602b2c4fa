import { epochOf, LIMITS, type EpochSpan, type JsonValue } from '@skein/protocol';
import { asBuffer, earlier, later } from './bytes.ts';
import { Document, readStoredDocument } from './document.ts';
import type { HotDocuments } from './hot-documents.ts';
import { documentKey, documentRange, parseDocumentKey, type KeyRange } from './level/layout.ts';
import { passingDocumentKey } from './level/passing-key.ts';
import { canGetNow, type Level, type LevelSnapshot } from './level/level.ts';

export interface ScanOptions {
  readonly prefix?: string | undefined;
  /** First key, inclusive; and the key to stop before. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Continue behind this key, in the direction of the scan. */
  readonly after?: string | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: number | undefined;
}

export interface DocumentPage<Value = JsonValue> {
  readonly documents: readonly Document<Value>[];
  /** What to give as `after` for the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** What the store has to say about a read: before it, and when it fails. */
export interface ReadGate {
  /** Throws when nothing can be read now. */
  assertOpen(): void;
  /** Learns of a failure and answers what to throw. */
  failed(error: unknown): unknown;
}

const READ_AHEAD_BYTES = 256 * 1024;

/** Whether a document is there, and is not to be seen any more. */
export type IsHidden = (collection: string, document: Document) => boolean;

export interface ReaderParts {
  readonly level: () => Level;
  readonly history: () => readonly EpochSpan[];
  readonly gate: ReadGate;
  /** Reads as of then; live unless given. */
  readonly snapshot?: LevelSnapshot | undefined;
  /** Nothing is hidden unless given. */
  readonly isHidden?: IsHidden | undefined;
  /** Whoever forgets in it what is written. Not for a snapshot. */
  readonly hot?: HotDocuments | undefined;
}

/** Reads documents, live or as of one Level snapshot. Every byte has passed its checksum. */
export class DocumentReader {
  readonly #level: () => Level;
  readonly #history: () => readonly EpochSpan[];
  readonly #gate: ReadGate;
  readonly #options: { readonly snapshot?: LevelSnapshot };
  readonly #isHidden: IsHidden | undefined;
  readonly #hot: HotDocuments | undefined;

  constructor({ level, history, gate, snapshot, isHidden, hot }: ReaderParts) {
    this.#level = level;
    this.#history = history;
    this.#gate = gate;
    this.#options = snapshot === undefined ? {} : { snapshot };
    this.#isHidden = isHidden;
    this.#hot = hot;
  }

  /**
   * One document. LevelDB answers at once what it has in memory, so it is asked on this thread: handing it to another and
   * back costs five times as much as the read.
   */
  async get(collection: string, key: string): Promise<Document | undefined> {
    this.#gate.assertOpen();
    const hot = this.#hot?.get(collection, key);
    if (hot !== undefined) return this.#seen(collection, hot);
    try {
      const level = this.#level();
      const isAtOnce = canGetNow(level);
      const levelKey = isAtOnce ? passingDocumentKey(collection, key) : documentKey(collection, key);
      const stored = isAtOnce ? this.#getNow(level, levelKey) : await level.get(levelKey, this.#options);
      if (stored === undefined) return undefined;
      const document = this.#decode(stored, levelKey, key);
      // What came later may have been written over since, and nobody would forget it.
      if (isAtOnce) this.#hot?.offer(collection, document);
      return this.#seen(collection, document);
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  /** Documents in the order of the keys, undefined where there is none; all as of one moment. */
  async getMany(
    keys: readonly { readonly collection: string; readonly key: string }[],
  ): Promise<readonly (Document | undefined)[]> {
    this.#gate.assertOpen();
    try {
      const levelKeys = keys.map(({ collection, key }) => documentKey(collection, key));
      const found = await this.#level().getMany(levelKeys, this.#options);
      return found.map((stored, i) => {
        const { collection, key } = keys[i]!;
        return stored === undefined ? undefined : this.#seen(collection, this.#decode(stored, levelKeys[i]!, key));
      });
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  /** Which of the documents are there. */
  async hasMany(keys: readonly { readonly collection: string; readonly key: string }[]): Promise<readonly boolean[]> {
    this.#gate.assertOpen();
    try {
      return await this.#level().hasMany(
        keys.map(({ collection, key }) => documentKey(collection, key)),
        this.#options,
      );
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  /** One page in key order. It ends at `limit` documents, or earlier when it would be too many bytes. */
  async scan(collection: string, options: ScanOptions = {}): Promise<DocumentPage> {
    const limit = options.limit ?? LIMITS.pageLimitDefault;
    const documents: Document[] = [];
    let bytes = 0;
    for await (const document of this.iterate(collection, options)) {
      if (documents.length === limit || bytes >= LIMITS.pageBytesMax) return { documents, next: documents.at(-1)!.key };
      documents.push(document);
      bytes += document.valueLength;
    }
    return { documents, next: undefined };
  }

  /** All documents of a scan, as of the moment it begins; the caller decides how fast. */
  async *iterate(collection: string, options: ScanOptions = {}): AsyncGenerator<Document> {
    const range = scanRange(collection, options);
    const reverse = options.reverse === true;
    this.#gate.assertOpen();
    const iterator = this.#level().iterator({
      ...range,
      ...this.#options,
      reverse,
      highWaterMarkBytes: READ_AHEAD_BYTES,
    } as object);
    try {
      for (let entries = await iterator.nextv(256); entries.length > 0; entries = await iterator.nextv(256)) {
        for (const [levelKey, stored] of entries) {
          const document = this.#decode(stored, asBuffer(levelKey), parseDocumentKey(levelKey).key);
          if (this.#seen(collection, document) !== undefined) yield document;
        }
      }
    } catch (error) {
      throw this.#gate.failed(error);
    } finally {
      await iterator.close();
    }
  }

  /** Where there is nothing to say, abstract-level is faster without options than with none of them. */
  #getNow(level: Level, levelKey: Buffer): Buffer | undefined {
    return this.#options.snapshot === undefined ? level.getSync(levelKey) : level.getSync(levelKey, this.#options);
  }

  #seen(collection: string, document: Document): Document | undefined {
    return this.#isHidden?.(collection, document) === true ? undefined : document;
  }

  #decode(stored: Buffer, levelKey: Buffer, key: string): Document {
    const read = readStoredDocument(asBuffer(stored), levelKey);
    return new Document(key, read, epochOf(this.#history(), read.offset));
  }
}

function scanRange(collection: string, options: ScanOptions): KeyRange | { readonly gt: Buffer; readonly lt: Buffer } {
  let { gte, lt } = documentRange(collection, options.prefix ?? '');
  if (options.from !== undefined) gte = later(gte, documentKey(collection, options.from));
  if (options.to !== undefined) lt = earlier(lt, documentKey(collection, options.to));
  if (options.after === undefined) return { gte, lt };
  const after = documentKey(collection, options.after);
  if (options.reverse === true) return { gte, lt: earlier(lt, after) };
  return after.compare(gte) < 0 ? { gte, lt } : { gt: after, lt };
}
