import { parsePosition } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import { chunksOf, type Chunk } from './chunks.ts';
import type { Format } from './format.ts';
import { importStates, whyNotResumed, type ImportState } from './import-state.ts';
import { UnreadableError } from './piece.ts';
import { isStillThere, putChunk, RefusedError, type Target } from './put-chunk.ts';
import { readerOf } from './read-pieces.ts';
import type { Source } from './source.ts';
import { surveyOf } from './survey.ts';
import { statusOf } from './target-status.ts';

export interface ImportOptions {
  readonly source: Source;
  readonly target: Target;
  readonly format: Format;
  /** Documents are proven before the first one is written. */
  readonly isChecked: boolean;
  /** Nothing is written. */
  readonly isDryRun: boolean;
  readonly resumes: boolean;
  readonly onProgress: (progress: ImportProgress) => void;
}

export type ImportProgress =
  | { readonly step: 'checking'; readonly bytes: number }
  | { readonly step: 'importing'; readonly bytes: number; readonly documents: number }
  | { readonly step: 'waiting'; readonly reason: string };

export interface Imported {
  /** Written by this run; of a dry run, those that could be. */
  readonly documents: number;
  /** Written by the run that this one went on with. */
  readonly resumedBehind: number;
  /** Where the last one is; null where there was none. */
  readonly position: string | null;
}

/** Imports all documents of a source, in its order. Of a file, it is remembered how far that has come. */
export async function importSource(options: ImportOptions): Promise<Imported> {
  const { source } = options;
  try {
    return await new Import(options).run();
  } catch (error) {
    if (error instanceof UnreadableError)
      throw new CommandError('failed', `${source.name}, line ${error.line}: ${error.message}`, error);
    throw error;
  }
}

class Import {
  readonly #options: ImportOptions;
  #documents = 0;
  #resumedBehind = 0;
  #position: string | null = null;
  #bytes = 0;
  /** Null while it is not remembered how far it is. */
  #state: ImportState | null = null;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  async run(): Promise<Imported> {
    const { source, format, isChecked, isDryRun } = this.#options;
    const log = isDryRun ? '' : ((await statusOf(this.#options.target.url)).log ?? '');
    const read = await readerOf(format);
    if (source.file !== null || isDryRun) {
      const { documents, sha256 } = await this.#survey(isChecked || isDryRun ? read : undefined);
      if (isDryRun) return { documents, resumedBehind: 0, position: null };
      await this.#begin({ sha256, log });
    }
    try {
      await this.#putAll(chunksOf(read(this.#chunks()), this.#resumedBehind));
    } catch (error) {
      throw this.#withProgress(error);
    }
    if (source.file !== null) await importStates.remove(source.file.path);
    return { documents: this.#documents, resumedBehind: this.#resumedBehind, position: this.#position };
  }

  #survey(read: Parameters<typeof surveyOf>[1]['read']) {
    const { source, onProgress } = this.#options;
    return surveyOf(source, { read, onProgress: (bytes) => onProgress({ step: 'checking', bytes }) });
  }

  /** Where a run that goes on begins; and what another one will need for that. */
  async #begin({ sha256, log }: { readonly sha256: string; readonly log: string }): Promise<void> {
    const { source, target, format, resumes } = this.#options;
    const { path } = source.file!;
    const now = { sha256, log, collection: target.collection, reading: JSON.stringify(format) };
    const before = resumes ? await importStates.load(path) : null;
    this.#state = { ...now, documents: 0, position: '0' };
    if (before === null) return;
    const problem = whyNotResumed(before, now, path);
    if (problem !== null) throw new CommandError('usage', `${problem}; without --resume it begins again`);
    if (!(await isStillThere(target, before.position)))
      throw new CommandError(
        'failed',
        `${target.url} has lost some of what had been imported: begin again, without --resume`,
      );
    this.#resumedBehind = before.documents;
    this.#position = before.position;
  }

  /** While one chunk is on its way, the next one is read. */
  async #putAll(chunks: AsyncGenerator<Chunk>): Promise<void> {
    let reading = chunks.next();
    for (;;) {
      const read = await reading;
      if (read.done === true) return;
      const bytes = this.#bytes;
      reading = chunks.next();
      reading.catch(() => undefined);
      await this.#put(read.value);
      this.#options.onProgress({ step: 'importing', bytes, documents: this.#documents });
    }
  }

  async #put(chunk: Chunk): Promise<void> {
    const { target, onProgress } = this.#options;
    const isBegun = this.#position !== null;
    const onWaiting = (reason: string): void => onProgress({ step: 'waiting', reason });
    try {
      const position = await putChunk(target, chunk, { isBegun, onWaiting });
      await this.#assertNothingLost(position);
      this.#position = position;
      this.#documents += chunk.lines.length;
    } catch (error) {
      if (error instanceof RefusedError) this.#documents += error.count;
      throw error;
    }
    await this.#remember();
  }

  /** A leader that has taken the place of another one says so by its epoch; it may be without what that one had acknowledged. */
  async #assertNothingLost(position: string): Promise<void> {
    const before = this.#position;
    if (before === null || parsePosition(before).epoch === parsePosition(position).epoch) return;
    if (await isStillThere(this.#options.target, before)) return;
    throw new CommandError('failed', 'a new leader has lost some of what had been imported: begin again');
  }

  async #remember(): Promise<void> {
    if (this.#state === null || this.#position === null) return;
    const documents = this.#resumedBehind + this.#documents;
    await importStates.save(this.#options.source.file!.path, { ...this.#state, documents, position: this.#position });
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#options.source.chunks()) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  /** What went wrong, and what is there all the same. */
  #withProgress(error: unknown): unknown {
    const { source } = this.#options;
    const total = this.#resumedBehind + this.#documents;
    const there = total === 0 ? 'nothing was imported' : `the first ${total} documents are imported`;
    if (error instanceof UnreadableError) return new UnreadableError(error.line, `${error.message}; ${there}`);
    if (error instanceof RefusedError) {
      const where = error.line === null ? source.name : `${source.name}, line ${error.line}`;
      return new CommandError('failed', `${where}: ${error.message}; ${there}`, error);
    }
    if (!(error instanceof CommandError)) return error;
    const next = this.#state === null || total === 0 ? '' : '; --resume goes on behind them';
    return new CommandError(error.reason, `${error.message}; ${there}${next}`, error);
  }
}
