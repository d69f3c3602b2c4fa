import { isSkeinError } from '@skein/protocol';
import { asBuffer } from './bytes.ts';
import { readStoredDocument } from './document.ts';
import type { Facts } from './facts.ts';
import { ALL_DOCUMENTS, parseDocumentKey } from './level/layout.ts';
import type { Level } from './level/level.ts';
import { verifyLog } from './log/verify.ts';

export interface ScrubReport {
  readonly documents: number;
  /** A sentence for each thing found wrong; empty when all is well. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 100;

/** Reads everything and proves it: each document by its checksum and its place, the log by its chain. */
export async function scrub(level: Level, facts: Facts): Promise<ScrubReport> {
  const problems: string[] = [];
  const note = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      if (!isSkeinError(error)) throw error;
      if (problems.length < PROBLEMS_MAX) problems.push(error.message);
    }
  };
  await verifyLog(level, facts).catch((error: unknown) => note(() => rethrow(error)));
  let documents = 0;
  const iterator = level.iterator({ ...ALL_DOCUMENTS, highWaterMarkBytes: 1024 * 1024 } as object);
  try {
    for (let entries = await iterator.nextv(1000); entries.length > 0; entries = await iterator.nextv(1000)) {
      documents += entries.length;
      for (const [levelKey, stored] of entries) note(() => checkDocument(levelKey, stored));
    }
  } finally {
    await iterator.close();
  }
  return { documents, problems };
}

function checkDocument(levelKey: Buffer, stored: Buffer): void {
  const { collection, key } = parseDocumentKey(levelKey);
  readStoredDocument(asBuffer(stored), collection, key);
}

function rethrow(error: unknown): never {
  throw error;
}
