import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rescuePath, type RescueHeader } from '@skein/core';
import { parseLine, type Change } from '@skein/protocol';
import { z } from 'zod';
import { CommandError } from '../cli/command-error.ts';

const headerSchema = z.object({
  rescue: z.literal(1),
  log: z.string(),
  node: z.string(),
  epoch: z.string(),
  replacedBy: z.string(),
  fork: z.number(),
  from: z.number(),
  to: z.number(),
});

export interface RescueFile {
  readonly name: string;
  readonly header: RescueHeader;
}

/** The rescue files of a node's directory, the oldest first. */
export async function listRescued(directory: string): Promise<readonly RescueFile[]> {
  const names = await readdir(rescuePath(directory)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const files: RescueFile[] = [];
  for (const name of names.filter((each) => each.endsWith('.ndjson')).toSorted())
    files.push({ name, header: await headerOf(directory, name) });
  return files;
}

export function pathOf(directory: string, name: string): string {
  if (!/^[0-9a-z.-]+\.ndjson$/.test(name)) throw new CommandError('usage', `${name} is not the name of a rescue file`);
  return join(rescuePath(directory), name);
}

/** Each change of a file, as it stood in the log. */
export async function* changesOf(directory: string, name: string): AsyncGenerator<Change> {
  let isFirst = true;
  for await (const line of linesOf(directory, name)) {
    if (!isFirst) yield parseLine(line);
    isFirst = false;
  }
}

async function headerOf(directory: string, name: string): Promise<RescueHeader> {
  for await (const line of linesOf(directory, name)) return headerSchema.parse(JSON.parse(line));
  throw new CommandError('failed', `${name} is empty`);
}

async function* linesOf(directory: string, name: string): AsyncGenerator<string> {
  const stream = createReadStream(pathOf(directory, name));
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CommandError('usage', `there is no rescue file ${name}; list names them`, error);
    throw error;
  } finally {
    stream.destroy();
  }
}
