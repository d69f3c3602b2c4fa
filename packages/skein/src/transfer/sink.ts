import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
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

  static async create(path: string, mayOverwrite: boolean): Promise<FileSink> {
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory() === true) throw new CommandError('usage', `${path} is a directory`);
    if (there !== null && !mayOverwrite)
      throw new CommandError('usage', `${path} is there already; --overwrite replaces it`);
    const part = `${path}.part`;
    const file = await open(part, 'w').catch((error: unknown) => {
      throw new CommandError('usage', `${path} cannot be written: ${(error as Error).message}`, error);
    });
    return new FileSink(path, part, file);
  }

  private constructor(path: string, part: string, file: FileHandle) {
    this.#path = path;
    this.#part = part;
    this.#file = file;
  }

  async write(text: string | Buffer): Promise<void> {
    await this.#file.writeFile(text);
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#part, this.#path);
    await syncDirectory(dirname(resolve(this.#path)));
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#part, { force: true });
  }
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
