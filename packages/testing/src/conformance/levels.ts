import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, type Level } from '@skein/core';
import { MemoryLevel } from 'memory-level';

/** A database of its own: empty, not opened, and still holding what was in it when it is closed and opened again. */
export interface LevelUnderTest {
  readonly level: Level;
  remove(): Promise<void>;
}

export type CreateLevel = () => Promise<LevelUnderTest>;

export async function createMemoryLevel(): Promise<LevelUnderTest> {
  const level = new MemoryLevel<Buffer, Buffer>({
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    storeEncoding: 'buffer',
  });
  return { level, remove: async () => undefined };
}

/** LevelDB in a directory of its own. */
export async function createClassicLevel(): Promise<LevelUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-level-'));
  const level = classicLevel(directory, { writeBufferBytes: 4 * 1024 * 1024 });
  return { level, remove: () => rm(directory, { recursive: true, force: true }) };
}
