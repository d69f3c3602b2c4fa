import { open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncDirectory } from '@skein/core';
import { CommandError } from '../cli/command-error.ts';

/** Where documents are written. */
export interface Sink {
  write(text: string | Buffer): Promise<void>;
  /** All of it is there when this resolves. */
  finish(): Promise<void>;
  /** It will not be all: whatever can be taken back is. */
  discard(): Promise<void>;
}

/** A file that has its name when it is whole, and not before. */
export class FileSink implements Sink {
  readonly #path: string;
  readonly #part: string;
  readonly #file: FileHandle;
  #bytes: number;

  /** Goes on behind so many bytes of what was written before; from nothing unless there are any. */
  static async create(path: string, mayOverwrite: boolean, bytes = 0): Promise<FileSink> {
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory() === true) throw new CommandError('usage', `${path} is a directory`);
    if (there !== null && !mayOverwrite)
      throw new CommandError('usage', `${path} is there already; --overwrite replaces it`);
    const part = `${path}.part`;
    if (bytes > 0) await cutOff(part, bytes);
    const file = await open(part, bytes > 0 ? 'a' : 'w').catch((error: unknown) => {
      throw new CommandError('usage', `${path} cannot be written: ${(error as Error).message}`, error);
    });
    return new FileSink(path, part, file, bytes);
  }

  private constructor(path: string, part: string, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#part = part;
    this.#file = file;
    this.#bytes = bytes;
  }

  get path(): string {
    return this.#path;
  }

  async write(text: string | Buffer): Promise<void> {
    await this.#file.writeFile(text);
    this.#bytes += Buffer.byteLength(text);
  }

  /** How many bytes there are, and will be after a power cut. */
  async synced(): Promise<number> {
    await this.#file.datasync();
    return this.#bytes;
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#part, this.#path);
    await syncDirectory(dirname(resolve(this.#path)));
  }

  /** What there is stays, for a run that goes on behind it. */
  async leave(): Promise<void> {
    await this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#part, { force: true });
  }
}

async function cutOff(part: string, bytes: number): Promise<void> {
  const there = await stat(part).catch(() => null);
  if ((there?.size ?? 0) < bytes)
    throw new CommandError('failed', `${part} is not what was written; without --resume it begins again`);
  await truncate(part, bytes);
}

/** What is piped on. Whoever reads it may go before the end, and wants no more then. */
export class StdoutSink implements Sink {
  constructor() {
    // Each write says for itself what became of it.
    process.stdout.on('error', () => undefined);
  }

  async write(text: string | Buffer): Promise<void> {
    await new Promise<void>((written, failed) => {
      process.stdout.write(text, (error) => {
        if (error) failed(new CommandError('failed', 'whoever was reading this has gone', error));
        else written();
      });
    });
  }

  async finish(): Promise<void> {
    // What has been written is on its way.
  }

  async discard(): Promise<void> {
    // What has been written cannot be taken back; the exit code says that it is not all.
  }
}
