import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../cli/command-error.ts';

const CHUNK_BYTES = 256 * 1024;

/** Where documents are read from. */
export interface Source {
  /** For people. */
  readonly name: string;
  /** Null for what can be read once only. */
  readonly file: { readonly path: string; readonly bytes: number } | null;
  chunks(): AsyncIterable<Buffer>;
}

/** A file, as long as it is now: what is written to it meanwhile is not read. */
export async function fileSource(path: string, name = path): Promise<Source> {
  const found = await stat(path).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CommandError('usage', isMissing ? `there is no file ${path}` : (error as Error).message, error);
  });
  if (found.isDirectory()) throw new CommandError('usage', `${path} is a directory`);
  if (!found.isFile()) throw new CommandError('usage', `${path} is no file; give - to read what is piped in`);
  const bytes = found.size;
  const end = Math.max(0, bytes - 1);
  return {
    name,
    file: { path, bytes },
    chunks: () => (bytes === 0 ? nothing() : createReadStream(path, { end, highWaterMark: CHUNK_BYTES })),
  };
}

export function stdinSource(): Source {
  return { name: 'standard input', file: null, chunks: () => process.stdin };
}

/** What is piped in, kept in a file for as long as it is worked with, so that it can be read twice. */
export async function withStdinKept<T>(work: (source: Source) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-import-'));
  try {
    const path = join(directory, 'input');
    await pipeline(process.stdin, createWriteStream(path));
    return await work(await fileSource(path, 'standard input'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* nothing(): AsyncGenerator<Buffer> {
  // An empty file has no bytes to ask for.
}
