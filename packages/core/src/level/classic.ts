import { constants } from 'node:fs';
import { open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { Level } from './level.ts';

export interface ClassicOptions {
  /** What LevelDB gathers in memory before it writes a sorted file; larger is faster for random keys. */
  readonly writeBufferBytes?: number | undefined;
  readonly cacheBytes?: number | undefined;
}

const WRITE_BUFFER_BYTES = 64 * 1024 * 1024;
const CACHE_BYTES = 32 * 1024 * 1024;

/** LevelDB in a directory, tuned as the store was measured with. Not opened yet: the store does that. */
export function classicLevel(directory: string, options: ClassicOptions = {}): Level {
  return new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: options.writeBufferBytes ?? WRITE_BUFFER_BYTES,
    cacheSize: options.cacheBytes ?? CACHE_BYTES,
  });
}

const NO_KEY = Buffer.of(0xff);

/** A database that keeps a log of its own beside its sorted files; compacting no key at all makes it empty the log. */
interface KeepsLog {
  compactRange(start: Buffer, end: Buffer): Promise<void>;
}

/**
 * Has LevelDB move what its own log holds into its sorted files, as it would at the next opening. Of a flipped bit in
 * that log it says nothing and drops what follows, or a block of it: changes would be gone, and nobody could tell. In a
 * sorted file, checksums and chain of our own tell. Does nothing on a database without such a log.
 */
export async function emptyLog(level: Level): Promise<void> {
  if ('compactRange' in level) await (level as Level & KeepsLog).compactRange(NO_KEY, NO_KEY);
}

const ROOM_BYTES = 1024 * 1024;

/**
 * Throws unless the disk has room to open the database: LevelDB rewrites what its own log holds. The probe really writes
 * and syncs, because free space as reported is not always space that can be had.
 */
export async function probeSpace(directory: string): Promise<void> {
  const path = join(directory, 'skein-space-probe');
  const file = await open(path, constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC);
  try {
    const chunk = Buffer.alloc(ROOM_BYTES);
    const bytes = ROOM_BYTES + (await logBytes(directory));
    for (let written = 0; written < bytes; written += ROOM_BYTES) await file.write(chunk);
    await file.datasync();
  } finally {
    await file.close();
    await unlink(path);
  }
}

async function logBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory))
    if (name.endsWith('.log')) bytes += (await stat(join(directory, name))).size;
  return bytes;
}
