import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import { CommandError } from '../cli/command-error.ts';

const FORMAT = 1;

/** What is remembered of a run in a file beside the one it reads or writes, for a run that goes on. */
export class StateFile<State> {
  readonly #extension: string;
  readonly #schema: z.ZodType<State>;

  constructor(extension: string, schema: z.ZodType<State>) {
    this.#extension = extension;
    this.#schema = schema;
  }

  /** Null where there is none: nothing was begun, or it came to its end. */
  async load(file: string): Promise<State | null> {
    const path = this.#pathOf(file);
    try {
      const { format, ...state } = JSON.parse(await readFile(path, 'utf8')) as { readonly format?: unknown };
      if (format !== FORMAT) throw new Error(`its format is ${String(format)}`);
      return this.#schema.parse(state);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new CommandError('failed', `${path} cannot be read; without --resume it begins again`, error);
    }
  }

  async save(file: string, state: State): Promise<void> {
    const part = `${this.#pathOf(file)}.part`;
    await writeFile(part, `${JSON.stringify({ format: FORMAT, ...state })}\n`);
    await rename(part, this.#pathOf(file));
  }

  async remove(file: string): Promise<void> {
    await rm(this.#pathOf(file), { force: true });
  }

  #pathOf(file: string): string {
    return `${file}.${this.#extension}`;
  }
}
