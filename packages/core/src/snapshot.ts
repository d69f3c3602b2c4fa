import { START, recordPosition, type Position, type SkeinError } from '@skein/protocol';
import { DocumentReader } from './documents.ts';
import type { Facts } from './facts.ts';
import type { Level } from './level/level.ts';
import { lastRecord } from './log/read.ts';

/** The documents exactly as of one position. */
export interface Snapshot {
  readonly position: Position;
  readonly documents: DocumentReader;
  close(): Promise<void>;
}

/** The position comes from inside the Level snapshot itself, so it cannot disagree with the documents. */
export async function openSnapshot(
  level: Level,
  { history }: Facts,
  onCorrupt: (error: SkeinError) => void,
): Promise<Snapshot> {
  const snapshot = level.snapshot();
  try {
    const last = await lastRecord(level, snapshot);
    return {
      position: last === undefined ? START : recordPosition(last),
      documents: new DocumentReader(level, () => history, onCorrupt, snapshot),
      close: () => snapshot.close(),
    };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}
