import { epochOf, LIMITS, type EpochSpan } from '@skein/protocol';
import { asBuffer } from './bytes.ts';
import { Document, readStoredDocument } from './document.ts';
import { documentKey, documentRange, parseDocumentKey, type KeyRange } from './level/layout.ts';
import type { Level, LevelSnapshot } from './level/level.ts';

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

export interface DocumentPage {
  readonly documents: readonly Document[];
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

/** Reads documents, live or as of one Level snapshot. Every byte has passed its checksum. */
export class DocumentReader {
  readonly #level: () => Level;
  readonly #history: () => readonly EpochSpan[];
  readonly #gate: ReadGate;
  readonly #options: { readonly snapshot?: LevelSnapshot };

  constructor(level: () => Level, history: () => readonly EpochSpan[], gate: ReadGate, snapshot?: LevelSnapshot) {
    this.#level = level;
    this.#history = history;
    this.#gate = gate;
    this.#options = snapshot === undefined ? {} : { snapshot };
  }

  async get(collection: string, key: string): Promise<Document | undefined> {
    this.#gate.assertOpen();
    try {
      const levelKey = documentKey(collection, key);
      const stored = await this.#level().get(levelKey, this.#options);
      return stored === undefined ? undefined : this.#decode(stored, levelKey, key);
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
      return found.map((stored, i) =>
        stored === undefined ? undefined : this.#decode(stored, levelKeys[i]!, keys[i]!.key),
      );
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
      bytes += document.valueBytes.length;
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
        for (const [levelKey, stored] of entries)
          yield this.#decode(stored, asBuffer(levelKey), parseDocumentKey(levelKey).key);
      }
    } catch (error) {
      throw this.#gate.failed(error);
    } finally {
      await iterator.close();
    }
  }

  #decode(stored: Buffer, levelKey: Buffer, key: string): Document {
    const { offset, valueBytes } = readStoredDocument(asBuffer(stored), levelKey);
    return new Document(key, offset, epochOf(this.#history(), offset), valueBytes);
  }
}

function scanRange(collection: string, options: ScanOptions): KeyRange | { readonly gt: Buffer; readonly lt: Buffer } {
  let { gte, lt } = documentRange(collection, options.prefix ?? '');
  if (options.from !== undefined) gte = greater(gte, documentKey(collection, options.from));
  if (options.to !== undefined) lt = lesser(lt, documentKey(collection, options.to));
  if (options.after === undefined) return { gte, lt };
  const after = documentKey(collection, options.after);
  if (options.reverse === true) return { gte, lt: lesser(lt, after) };
  return after.compare(gte) < 0 ? { gte, lt } : { gt: after, lt };
}

function greater(a: Buffer, b: Buffer): Buffer {
  return a.compare(b) >= 0 ? a : b;
}

function lesser(a: Buffer, b: Buffer): Buffer {
  return a.compare(b) <= 0 ? a : b;
}
