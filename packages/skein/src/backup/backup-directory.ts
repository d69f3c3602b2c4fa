import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { syncDirectory } from '@skein/core';
import { reasonOf } from '@skein/http';
import { LIMITS } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import {
  encodeDescription,
  parseDescription,
  type BackupDescription,
  type BackupSink,
  type BackupSource,
} from './backup.ts';
import { namesIn } from './names-in.ts';

/*
 * A backup in a directory: `000001.ndjson.gz` and so on, `record`, and `backup.json`, which is written when all the rest is on
 * the disk.
 */

const DESCRIPTION = 'backup.json';
const DESCRIPTION_PART = `${DESCRIPTION}.part`;
const RECORD = 'record';
const PAGE = /^\d{6,}\.ndjson\.gz$/;
/** More of a file than this is not what was put there. */
const PAGE_BYTES_MAX = LIMITS.pageBytesMax + LIMITS.recordBytesMax;
/** The fastest there is; a page is compressed while the next one is on its way. */
const COMPRESSION_LEVEL = 1;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

function pageName(number: number): string {
  return `${String(number).padStart(6, '0')}.ndjson.gz`;
}

function isOurs(name: string): boolean {
  return name === DESCRIPTION_PART || name === RECORD || PAGE.test(name);
}

export class BackupDirectorySink implements BackupSink {
  readonly #directory: string;
  #bytes = 0;

  /** Throws unless a backup may be put there: into no directory, an empty one, or one with a backup that was broken off. */
  static async in(directory: string): Promise<BackupDirectorySink> {
    const names = await namesIn(directory);
    if (names.includes(DESCRIPTION))
      throw new CommandError('usage', `${directory} has a backup already: give another directory`);
    if (!names.every(isOurs)) throw new CommandError('usage', `${directory} is not empty: give another directory`);
    return new BackupDirectorySink(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Of all files together. */
  get bytes(): number {
    return this.#bytes;
  }

  async begin(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    for (const name of await namesIn(this.#directory)) if (isOurs(name)) await rm(join(this.#directory, name));
    this.#bytes = 0;
  }

  async putPage(number: number, bytes: Uint8Array): Promise<void> {
    await this.#write(pageName(number), await compress(bytes, { level: COMPRESSION_LEVEL }));
  }

  async putRecord(bytes: Uint8Array): Promise<void> {
    await this.#write(RECORD, bytes);
  }

  async finish(description: BackupDescription): Promise<void> {
    await this.#write(DESCRIPTION_PART, Buffer.from(encodeDescription(description)));
    await syncDirectory(this.#directory);
    await rename(join(this.#directory, DESCRIPTION_PART), join(this.#directory, DESCRIPTION));
    await syncDirectory(this.#directory);
    await syncDirectory(dirname(resolve(this.#directory)));
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const file = await open(join(this.#directory, name), 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#bytes += bytes.length;
  }
}

export class BackupDirectorySource implements BackupSource {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async describe(): Promise<BackupDescription> {
    const names = await namesIn(this.#directory);
    if (!names.includes(DESCRIPTION)) {
      const isBroken = names.length > 0 && names.every(isOurs);
      const why = isBroken ? 'has a backup that was broken off' : 'has no backup in it';
      throw new CommandError('usage', `${this.#directory} ${why}`);
    }
    const text = await readFile(join(this.#directory, DESCRIPTION), 'utf8');
    try {
      return parseDescription(text);
    } catch (error) {
      throw new CommandError('failed', `${this.#directory}/${DESCRIPTION} cannot be read`, error);
    }
  }

  async readPage(number: number): Promise<Uint8Array> {
    const name = pageName(number);
    try {
      return await decompress(await readFile(join(this.#directory, name)), { maxOutputLength: PAGE_BYTES_MAX });
    } catch (error) {
      throw new CommandError('failed', `${this.#directory}/${name} cannot be read: ${reasonOf(error)}`, error);
    }
  }

  async readRecord(): Promise<Uint8Array> {
    try {
      return await readFile(join(this.#directory, RECORD));
    } catch (error) {
      throw new CommandError('failed', `${this.#directory}/${RECORD} cannot be read: ${reasonOf(error)}`, error);
    }
  }
}
