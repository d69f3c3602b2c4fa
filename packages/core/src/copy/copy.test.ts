import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSkeinError } from '@skein/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classicLevel } from '../level/classic.ts';
import { Copy } from './copy.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-copy-'));
  const level = classicLevel(directory);
  await Copy.open(level);
  await level.close();
});

afterEach(() => rm(directory, { recursive: true }));

describe('a copy that cannot be opened', () => {
  it.each([
    ['names a file that is lost', 'MANIFEST-999999\n', 'No such file or directory'],
    ['is cut off', 'MANIFEST-0', 'does not end with newline'],
    ['is empty', '', 'does not end with newline'],
  ])('is corrupt when what LevelDB begins with %s', async (_what, current, reason) => {
    await writeFile(join(directory, 'CURRENT'), current);
    await expect(Copy.open(classicLevel(directory))).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(reason),
    });
  });

  it('is not when somebody else has it open', async () => {
    const other = classicLevel(directory);
    await other.open();
    const error: unknown = await Copy.open(classicLevel(directory)).catch((thrown: unknown) => thrown);
    await other.close();
    expect(error).toMatchObject({ cause: { code: 'LEVEL_LOCKED' } });
    expect(isSkeinError(error)).toBe(false);
    expect(await Copy.open(other)).not.toBe(null);
    await other.close();
  });

  it('is not when the disk has no room now', async () => {
    const full = new Error('Database failed to open', {
      cause: new Error('IO error: 000005.ldb: No space left on device'),
    });
    const level = Object.assign(classicLevel(directory), { open: () => Promise.reject(full) });
    await expect(Copy.open(level)).rejects.toBe(full);
  });
});
