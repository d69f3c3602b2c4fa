import { CommandError } from '../cli/command-error.ts';
import { exportStates, whyNotGoneOn, type ExportState } from './export-state.ts';
import { fetchDocuments } from './fetch-documents.ts';
import type { Format } from './format.ts';
import { FileSink, type Sink } from './sink.ts';
import { statusOf } from './target-status.ts';
import { writeAll } from './write-all.ts';

export interface ExportOptions {
  readonly wanted: { readonly url: string; readonly collection: string; readonly prefix: string | undefined };
  readonly format: Format;
  readonly onProgress: (documents: number) => void;
}

export interface Exported {
  /** Written by this run. */
  readonly documents: number;
  /** Written by the run that this one went on with. */
  readonly resumedBehind: number;
}

/** How often it is remembered how far it is. */
const REMEMBER_EVERY_MS = 1000;

/** Writes all documents of a collection as of one moment. */
export async function exportCollection({ wanted, format, onProgress }: ExportOptions, sink: Sink): Promise<Exported> {
  let documents = 0;
  const counted = async function* (): AsyncGenerator<readonly Buffer[]> {
    for await (const some of fetchDocuments({ ...wanted, behind: null })) {
      yield some;
      documents += some.length;
      onProgress(documents);
    }
  };
  try {
    await writeAll(counted(), format, sink, false);
    await sink.finish();
    return { documents, resumedBehind: 0 };
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

export interface ExportFile {
  readonly path: string;
  readonly mayOverwrite: boolean;
  /** Goes on where an export into this file was broken off. */
  readonly resumes: boolean;
}

/**
 * The same into a file, of which is remembered how far it has come. What a run that goes on writes is as of its own moment:
 * behind the key it begins at there is nothing older, and before it nothing younger.
 */
export async function exportToFile(options: ExportOptions, file: ExportFile): Promise<Exported> {
  const { wanted, format } = options;
  const now = { collection: wanted.collection, prefix: wanted.prefix ?? null, as: format.name };
  const before = file.resumes ? await exportStates.load(file.path) : null;
  const problem = before === null ? null : whyNotGoneOn(before, now, file.path);
  if (problem !== null) throw new CommandError('usage', `${problem}; without --resume it begins again`);
  const sink = await FileSink.create(file.path, file.mayOverwrite, before?.bytes);
  if (before === null) await exportStates.remove(file.path);
  return new FileExport(options, sink, before).run();
}

class FileExport {
  readonly #options: ExportOptions;
  readonly #sink: FileSink;
  readonly #before: ExportState | null;
  #position = '';
  #documents = 0;
  #lastLine: Buffer | null = null;
  #rememberedAt = -Infinity;

  constructor(options: ExportOptions, sink: FileSink, before: ExportState | null) {
    this.#options = options;
    this.#sink = sink;
    this.#before = before;
  }

  async run(): Promise<Exported> {
    try {
      await writeAll(this.#lines(), this.#options.format, this.#sink, this.#resumedBehind > 0);
      await this.#sink.finish();
    } catch (error) {
      throw await this.#left(error);
    }
    await exportStates.remove(this.#sink.path);
    return { documents: this.#documents, resumedBehind: this.#resumedBehind };
  }

  get #resumedBehind(): number {
    return this.#before?.documents ?? 0;
  }

  /** What is asked for next has been written until then. */
  async *#lines(): AsyncGenerator<readonly Buffer[]> {
    const { wanted, onProgress } = this.#options;
    this.#position = this.#before?.position ?? (await statusOf(wanted.url)).position;
    for await (const some of fetchDocuments({ ...wanted, behind: this.#before })) {
      if (some.length === 0) continue;
      yield some;
      this.#documents += some.length;
      this.#lastLine = some.at(-1)!;
      onProgress(this.#resumedBehind + this.#documents);
      if (performance.now() - this.#rememberedAt >= REMEMBER_EVERY_MS) await this.#remember();
    }
  }

  async #remember(): Promise<void> {
    if (this.#lastLine === null) return;
    const { wanted, format } = this.#options;
    const { key } = JSON.parse(this.#lastLine.toString()) as { readonly key: string };
    await exportStates.save(this.#sink.path, {
      collection: wanted.collection,
      prefix: wanted.prefix ?? null,
      as: format.name,
      position: this.#position,
      documents: this.#resumedBehind + this.#documents,
      bytes: await this.#sink.synced(),
      key,
    });
    this.#rememberedAt = performance.now();
  }

  /** What went wrong, and what is there all the same. */
  async #left(error: unknown): Promise<unknown> {
    if (this.#resumedBehind + this.#documents === 0) {
      await this.#sink.discard();
      return error;
    }
    // Where it cannot be remembered, it is so far as it was remembered before.
    await this.#remember().catch(() => undefined);
    await this.#sink.leave();
    if (!(error instanceof CommandError)) return error;
    const next = error.reason === 'failed' ? 'without --resume it begins again' : '--resume goes on';
    return new CommandError(error.reason, `${error.message}; ${next}`, error);
  }
}
