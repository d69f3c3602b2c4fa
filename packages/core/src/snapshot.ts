import { START, recordPosition, type Position } from '@skein/protocol';
import { DocumentReader, type ReadGate } from './documents.ts';
import { readHistory } from './facts.ts';
import type { Level } from './level/level.ts';
import { lastRecord } from './log/read.ts';

/** The documents exactly as of one position. */
export interface Snapshot {
  readonly position: Position;
  readonly documents: DocumentReader;
  close(): Promise<void>;
}

/** Position and history come from inside the Level snapshot itself, so they cannot disagree with the documents. */
export async function openSnapshot(level: Level, gate: ReadGate): Promise<Snapshot> {
  const snapshot = level.snapshot();
  try {
    const last = await lastRecord(level, snapshot);
    const history = await readHistory(level, snapshot);
    return {
      position: last === undefined ? START : recordPosition(last),
      documents: new DocumentReader(level, () => history, gate, snapshot),
      close: () => snapshot.close(),
    };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}
