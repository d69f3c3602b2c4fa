import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSkeinError } from '@skein/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryGenerations, servedPath } from './directory.ts';
import type { Level } from './level.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-generations-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const KEY = Buffer.from('k');

const opened = (): Promise<DirectoryGenerations> => DirectoryGenerations.open(directory);
const names = async (): Promise<readonly string[]> => (await readdir(directory)).toSorted();
const served = (): Promise<string> => readFile(join(directory, 'served'), 'utf8');

/** Opens a database, puts a text into it, and leaves it open. */
async function mark(level: Level, text: string): Promise<Level> {
  await level.open();
  await level.put(KEY, Buffer.from(text));
  return level;
}

/** What was put into a database, which is closed again. */
async function markOf(level: Level): Promise<string | undefined> {
  await level.open();
  const value = await level.get(KEY);
  await level.close();
  return value?.toString();
}

/** A directory that serves its second database, and where the third was begun. */
async function usedDirectory(): Promise<void> {
  const generations = await opened();
  await (await mark(generations.current(), 'first')).close();
  const second = await mark(await generations.beside(), 'second');
  await generations.promote();
  await second.close();
  await generations.removeFormer();
  await mark(await generations.beside(), 'third');
  await generations.leave();
}

describe('a new directory', () => {
  it('serves store-1, without saying so anywhere, also where the directory is not there yet', async () => {
    const deep = join(directory, 'of', 'several');
    const generations = await DirectoryGenerations.open(deep);
    await (await mark(generations.current(), 'first')).close();
    expect(await readdir(deep)).toStrictEqual(['store-1']);
    expect(await servedPath(deep)).toBe(join(deep, 'store-1'));
  });

  it('is refused where a database lies in the directory itself', async () => {
    await writeFile(join(directory, 'CURRENT'), 'MANIFEST-000001\n');
    await expect(opened()).rejects.toSatisfy((error) => isSkeinError(error, 'wrong_data'));
  });
});

describe('a database built beside the one that is served', () => {
  it('can be left and gone on with, in this process and the next', async () => {
    const generations = await opened();
    await (await mark(generations.current(), 'first')).close();
    await mark(await generations.beside(), 'second');
    await generations.leave();
    expect(await markOf(await generations.beside())).toBe('second');
    await generations.leave();
    const next = await opened();
    expect(await markOf(await next.beside())).toBe('second');
    expect(await markOf(next.current())).toBe('first');
  });

  it('is one however often it is asked for', async () => {
    const generations = await opened();
    expect(await generations.beside()).toBe(await generations.beside());
    await generations.leave();
  });

  it('is gone when it is discarded, although it is open, and begins empty then', async () => {
    const generations = await opened();
    await (await mark(generations.current(), 'first')).close();
    await mark(await generations.beside(), 'second');
    await generations.discard();
    expect(await names()).toStrictEqual(['store-1']);
    expect(await markOf(await generations.beside())).toBeUndefined();
    expect(await markOf(generations.current())).toBe('first');
  });

  it('is served from its promotion on, and what was before goes when it is told to', async () => {
    const generations = await opened();
    const first = await mark(generations.current(), 'first');
    const second = await mark(await generations.beside(), 'second');
    await generations.promote();
    expect(await served()).toBe('store-2\n');
    expect(await names()).toStrictEqual(['served', 'store-1', 'store-2']);
    await Promise.all([first.close(), second.close()]);
    expect(await markOf(generations.current())).toBe('second');
    await generations.removeFormer();
    expect(await names()).toStrictEqual(['served', 'store-2']);
    expect(await servedPath(directory)).toBe(join(directory, 'store-2'));
  });
});

describe('a start behind a crash', () => {
  it('goes on with what was being built, and serves what was served', async () => {
    await usedDirectory();
    const generations = await opened();
    expect(await names()).toStrictEqual(['served', 'store-2', 'store-3']);
    expect(await markOf(generations.current())).toBe('second');
    expect(await markOf(await generations.beside())).toBe('third');
  });

  it('removes what was served before', async () => {
    await usedDirectory();
    await mkdir(join(directory, 'store-1'));
    const generations = await opened();
    expect(await names()).toStrictEqual(['served', 'store-2', 'store-3']);
    expect(await markOf(generations.current())).toBe('second');
  });

  it('believes the old name until the new one is whole', async () => {
    await usedDirectory();
    await writeFile(join(directory, 'served.new'), 'sto');
    const generations = await opened();
    expect(await markOf(generations.current())).toBe('second');
    const third = await generations.beside();
    await generations.promote();
    await third.close();
    expect(await served()).toBe('store-3\n');
    expect(await names()).not.toContain('served.new');
  });

  it.each(['', 'store-0', 'store-2x', '../store-2', 'store-1234567890'])(
    'refuses a name that is none, and removes nothing: %j',
    async (name) => {
      await usedDirectory();
      await writeFile(join(directory, 'served'), name);
      await expect(opened()).rejects.toSatisfy((error) => isSkeinError(error, 'corrupt'));
      expect(await names()).toStrictEqual(['served', 'store-2', 'store-3']);
    },
  );
});

describe('a database that is set aside', () => {
  it('is kept, in place of one from before, and an empty one is served under its name', async () => {
    await mkdir(join(directory, 'set-aside'));
    await writeFile(join(directory, 'set-aside', 'of-before'), '');
    const generations = await opened();
    await (await mark(generations.current(), 'first')).close();
    const kept = await generations.setAside();
    expect(kept).toBe(join(directory, 'set-aside'));
    expect(await readdir(kept)).not.toContain('of-before');
    expect(await readdir(kept)).toContain('CURRENT');
    expect(await markOf(generations.current())).toBeUndefined();
    expect(await names()).toStrictEqual(['set-aside', 'store-1']);
  });
});
