import { receiveLines, type Fixes, type Level, type Snapshot, type Store } from '@skein/core';
import type { IdempotencyLine, Position } from '@skein/protocol';
import { pageOfLines } from './snapshot-page.ts';

const BYTES_MAX = 64 * 1024 * 1024;

interface Name {
  readonly collection: string;
  readonly key: string;
}

/** What a store has of some documents, in the order of their names: as another one takes it over. */
export async function fixesOf(
  source: Store,
  names: readonly Name[],
): Promise<{ readonly position: Position; readonly fixes: Fixes }> {
  const snapshot = await source.snapshot();
  try {
    const { lines } = await snapshot.named(names, BYTES_MAX);
    const { documents } = receiveLines(pageOfLines(snapshot, lines, null));
    const found = await snapshot.documents.getMany(names);
    const removed = names.filter((_name, i) => found[i] === undefined);
    return { position: snapshot.position, fixes: { documents, removed } };
  } finally {
    await snapshot.close();
  }
}

/** Every idempotency entry of a snapshot. */
export async function entriesIn(snapshot: Snapshot): Promise<readonly IdempotencyLine[]> {
  const { lines } = await snapshot.lines({ kind: 'entry', offset: 0 }, { linesMax: 1000, bytesMax: BYTES_MAX });
  return receiveLines(pageOfLines(snapshot, lines, null)).entries;
}

/** Changes documents of collection `c` behind a store's back, with checksums that are right. */
export class BehindTheBack {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  async take(key: string): Promise<Buffer> {
    return (await this.#level.get(levelKey(key)))!;
  }

  put(key: string, stored: Buffer): Promise<void> {
    return this.#level.put(levelKey(key), stored);
  }

  del(key: string): Promise<void> {
    return this.#level.del(levelKey(key));
  }
}

function levelKey(key: string): Buffer {
  return Buffer.from(`dc\0${key}`);
}
