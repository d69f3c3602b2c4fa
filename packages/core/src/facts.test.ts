import { isSkeinError, type ErrorCode } from '@skein/protocol';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { loadFacts } from './facts.ts';
import { metaKey } from './level/layout.ts';
import { SYNCED, type Level } from './level/level.ts';
import { LogSizes } from './log/log-sizes.ts';

const NEW = { role: 'leader', node: 'n' } as const;

function emptyLevel(): Level {
  return new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
}

async function codeOf(level: Level): Promise<ErrorCode | undefined> {
  return loadFacts(level, NEW, new LogSizes()).then(
    () => undefined,
    (error: unknown) => (isSkeinError(error) ? error.code : 'internal'),
  );
}

describe('a database that does not say its format', () => {
  it('is made a store when it is empty', async () => {
    expect(await codeOf(emptyLevel())).toBeUndefined();
  });

  it('is corrupt when anything else says that it was one', async () => {
    const level = emptyLevel();
    await loadFacts(level, NEW, new LogSizes());
    await level.del(metaKey('format'), SYNCED);
    expect(await codeOf(level)).toBe('corrupt');
    await level.del(metaKey('identity'), SYNCED);
    expect(await codeOf(level)).toBe('corrupt');
  });

  it('is of somebody else otherwise', async () => {
    const level = emptyLevel();
    await level.put(Buffer.from('mine'), Buffer.from('1'), SYNCED);
    expect(await codeOf(level)).toBe('wrong_data');
  });
});
