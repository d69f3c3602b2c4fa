import { isoTime, receiveLines, receivePage, sha256, type Clock } from '@skein/core';
import { reasonOf, type LinkRequest, type NodeLink } from '@skein/http';
import {
  formatPosition,
  formatSnapshotCursor,
  HEADERS,
  LIMITS,
  MEDIA_TYPES,
  parseRecords,
  parseSnapshotPage,
  recordPosition,
  samePosition,
  type Position,
  type SnapshotCursor,
  type SnapshotPage,
} from '@skein/protocol';
import { z } from 'zod';
import type { BackupDescription, BackupProgress, BackupSink } from './backup.ts';

export interface TakeBackupOptions {
  readonly clock: Clock;
  /** Of one page. */
  readonly linesMax?: number;
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Told why it begins again. */
  readonly onBegunAgain?: (reason: string) => void;
}

const ANSWER_MS = 30_000;
/** A node that is being restarted is back within these. */
const PAUSES_MS = [250, 500, 1000, 2000, 4000];
/** A snapshot is gone with its node's process, where that is written to; a node that is never there for long has no backup. */
const BEGINNINGS_MAX = 5;

interface TakenPage extends SnapshotPage {
  readonly bytes: Uint8Array;
  readonly node: string;
}

/**
 * Takes a backup of a running node: all that it has when it is asked, as of one position, whatever is written meanwhile.
 * Each page is proven before it is put away, and the next one is asked for meanwhile.
 */
export async function takeBackup(
  link: NodeLink,
  sink: BackupSink,
  options: TakeBackupOptions,
): Promise<BackupDescription> {
  for (let beginnings = 1; ; beginnings++) {
    try {
      return await new Taking(link, sink, options).run();
    } catch (error) {
      if (!(error instanceof SnapshotGone) || beginnings === BEGINNINGS_MAX) throw error;
      options.onBegunAgain?.(error.message);
    }
  }
}

class Taking {
  readonly #link: NodeLink;
  readonly #sink: BackupSink;
  readonly #options: TakeBackupOptions;
  readonly #pages: string[] = [];
  #documents = 0;
  /** The last document that has been put away. */
  #lastKey: Buffer | undefined;

  constructor(link: NodeLink, sink: BackupSink, options: TakeBackupOptions) {
    this.#link = link;
    this.#sink = sink;
    this.#options = options;
  }

  async run(): Promise<BackupDescription> {
    const takenAt = isoTime(this.#options.clock.wall());
    await this.#sink.begin();
    const first = await this.#firstPage();
    const { log, position, history } = first.header;
    await this.#sink.putRecord(await this.#record(position, log));
    let page: TakenPage | null = first;
    while (page !== null) {
      const next: SnapshotCursor | null = page.trailer.next;
      const asking: Promise<TakenPage> | null = next === null ? null : this.#page(position, next);
      asking?.catch(() => undefined);
      await this.#put(page);
      page = await asking;
      if (page !== null && !isOfSame(page, first))
        throw new Error(`it answered with a page of ${formatPosition(page.header.position)}`);
    }
    const documents = this.#documents;
    if (documents !== (first.header.documents ?? documents))
      throw new Error(`it gave ${documents} documents of ${first.header.documents}`);
    const description = { log, position, history, documents, pages: this.#pages, node: first.node, takenAt };
    await this.#sink.finish(description);
    return description;
  }

  get #linesMax(): number {
    return this.#options.linesMax ?? LIMITS.pageLimitMax;
  }

  async #put(page: TakenPage): Promise<void> {
    const { documents } = receiveLines(page);
    const [first, last] = [documents[0]?.levelKey, documents.at(-1)?.levelKey];
    if (first !== undefined && this.#lastKey !== undefined && this.#lastKey.compare(first) >= 0)
      throw new Error('it answered with a page that does not come next');
    this.#lastKey = last ?? this.#lastKey;
    this.#documents += documents.length;
    this.#pages.push(page.trailer.checksum);
    await this.#sink.putPage(this.#pages.length, page.bytes);
    this.#options.onProgress?.({ documents: this.#documents, documentsTotal: page.header.documents });
  }

  /** Of all that the node has when it is asked, and not of what others had it read a little before. */
  async #firstPage(): Promise<TakenPage> {
    const headers = { accept: MEDIA_TYPES.ndjson, [HEADERS.minPosition]: 'now' };
    const path = `/v1/snapshot?limit=${this.#linesMax}`;
    // Whoever is not there now is not waited for: there is nothing yet that could be gone on with.
    return pageOf(await answerOf(this.#link, { method: 'GET', path, headers, answerMs: ANSWER_MS }));
  }

  #page(at: Position, after: SnapshotCursor): Promise<TakenPage> {
    const query = new URLSearchParams({
      limit: String(this.#linesMax),
      at: formatPosition(at),
      after: formatSnapshotCursor(after),
    });
    return this.#ask(`/v1/snapshot?${query.toString()}`, MEDIA_TYPES.ndjson, pageOf);
  }

  /** The record that ends where the snapshot was; nothing for a log without a change. */
  async #record(position: Position, log: string): Promise<Uint8Array> {
    if (position.offset === 0) return new Uint8Array();
    const path = `/v1/changes?since=${position.offset - 1}&limit=1`;
    const { body } = await this.#ask(path, MEDIA_TYPES.records, async (answer) => answer, { [HEADERS.log]: log });
    const [record] = parseRecords(body);
    if (record === undefined || !samePosition(recordPosition(record), position))
      throw new Error(`it has no record that ends at ${formatPosition(position)}`);
    receivePage([record]);
    return record.bytes;
  }

  /** Asks until there is an answer, for some seconds: whatever comes cut off or altered is asked for again, too. */
  async #ask<T>(
    path: string,
    accept: string,
    read: (answer: Answer) => Promise<T>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const request = { method: 'GET', path, headers: { accept, ...headers }, answerMs: ANSWER_MS };
    for (let tried = 0; ; tried++) {
      try {
        return await read(await answerOf(this.#link, request));
      } catch (error) {
        const pauseMs = PAUSES_MS[tried];
        if (error instanceof SnapshotGone || error instanceof Declined || pauseMs === undefined) throw error;
        await this.#options.clock.sleep(pauseMs);
      }
    }
  }
}

function isOfSame({ header }: TakenPage, { header: first }: TakenPage): boolean {
  return header.log === first.log && samePosition(header.position, first.position);
}

/** The snapshot is not held any more; another one is of another position. */
class SnapshotGone extends Error {}

/** It will not be answered otherwise when it is asked again. */
export class Declined extends Error {}

interface Answer {
  readonly node: string;
  readonly body: Uint8Array;
}

const problemSchema = z.object({ code: z.string().default(''), detail: z.string().default('') });

async function answerOf(link: NodeLink, request: LinkRequest): Promise<Answer> {
  const { status, headers, body } = await link.request(request);
  const bytes = await body.bytes();
  if (status === 200) return { node: String(headers[HEADERS.node] ?? ''), body: bytes };
  const { code, detail } = problemOf(bytes);
  const sentence = `HTTP ${status} ${code}: ${detail}`;
  if (code === 'snapshot_gone') throw new SnapshotGone(sentence);
  throw status < 500 && status !== 429 ? new Declined(sentence) : new Error(sentence);
}

function problemOf(bytes: Uint8Array): z.infer<typeof problemSchema> {
  try {
    return problemSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    return { code: 'no answer of a node', detail: reasonOf(error) };
  }
}

async function pageOf({ node, body }: Answer): Promise<TakenPage> {
  return { ...parseSnapshotPage(body, sha256), bytes: body, node };
}
