import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SkeinError } from '@skein/protocol';
import type { Generations } from '../generations.ts';
import { classicLevel, probeSpace, type ClassicOptions } from './classic.ts';
import type { Level } from './level.ts';

/** Names the database that is served; absent until the first one was replaced. */
const SERVED = 'served';
/** A database that could not be believed, kept for whoever wants to know why; the last one only. */
const SET_ASIDE = 'set-aside';
const STORE = /^store-([1-9]\d{0,8})$/;

/** The databases of a node in a directory: `store-1`, and each that replaced it under the next number. */
export class DirectoryGenerations implements Generations {
  readonly #directory: string;
  readonly #options: ClassicOptions;
  #number: number;
  #beside: Level | null = null;

  static async open(directory: string, options: ClassicOptions = {}): Promise<DirectoryGenerations> {
    await mkdir(directory, { recursive: true });
    const names = await readdir(directory);
    if (names.includes('CURRENT'))
      throw new SkeinError('wrong_data', 'the directory itself is a database: Skein keeps its own in store-1 in it');
    const generations = new DirectoryGenerations(directory, options, await readServed(directory, names));
    await generations.removeFormer();
    return generations;
  }

  private constructor(directory: string, options: ClassicOptions, number: number) {
    this.#directory = directory;
    this.#options = options;
    this.#number = number;
  }

  current(): Level {
    return classicLevel(this.#path(this.#number), this.#options);
  }

  async beside(): Promise<Level> {
    this.#beside ??= classicLevel(this.#path(this.#number + 1), this.#options);
    return this.#beside;
  }

  async leave(): Promise<void> {
    await this.#beside?.close();
    this.#beside = null;
  }

  async discard(): Promise<void> {
    await this.leave();
    await rm(this.#path(this.#number + 1), { recursive: true, force: true });
  }

  async promote(): Promise<void> {
    await nameServed(this.#directory, this.#number + 1);
    // Whatever fails behind this, a start opens that one now; nobody may take it for one that is being made.
    this.#number++;
    this.#beside = null;
    await syncDirectory(this.#directory);
  }

  async removeFormer(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const number = numberOf(name);
      if (number !== undefined && number < this.#number)
        await rm(join(this.#directory, name), { recursive: true, force: true });
    }
  }

  async probe(): Promise<void> {
    await probeSpace(this.#path(this.#number));
  }

  async setAside(): Promise<string> {
    const aside = join(this.#directory, SET_ASIDE);
    await rm(aside, { recursive: true, force: true });
    await rename(this.#path(this.#number), aside);
    await syncDirectory(this.#directory);
    return aside;
  }

  #path(number: number): string {
    return join(this.#directory, `store-${number}`);
  }
}

/** Where the database lies that a directory serves. */
export async function servedPath(directory: string): Promise<string> {
  return join(directory, `store-${await readServed(directory, await readdir(directory))}`);
}

function numberOf(name: string): number | undefined {
  const match = STORE.exec(name);
  return match === null ? undefined : Number(match[1]);
}

async function readServed(directory: string, names: readonly string[]): Promise<number> {
  if (!names.includes(SERVED)) return 1;
  const name = (await readFile(join(directory, SERVED), 'utf8')).trim();
  const number = numberOf(name);
  if (number === undefined)
    throw new SkeinError('corrupt', `${SERVED} names ${JSON.stringify(name)}, which is no store`);
  return number;
}

/** Written apart and renamed, so that the old name stands until the new one does. */
async function nameServed(directory: string, number: number): Promise<void> {
  const path = join(directory, SERVED);
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(`store-${number}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
