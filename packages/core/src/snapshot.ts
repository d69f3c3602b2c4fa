import { samePosition, SkeinError, START, recordPosition, type EpochSpan, type Position } from '@skein/protocol';
import { DocumentReader, type ReadGate } from './documents.ts';
import { readHistory, type Facts } from './facts.ts';
import type { Level, LevelSnapshot } from './level/level.ts';
import { lastRecord } from './log/read.ts';

/** The store exactly as of one position, all of it durable. */
export interface Snapshot {
  /** Null for a follower that has received nothing yet. */
  readonly log: string | null;
  readonly history: readonly EpochSpan[];
  readonly position: Position;
  readonly documents: DocumentReader;
  /** What is read beside the documents; the snapshot's owner closes it. */
  readonly level: LevelSnapshot;
  close(): Promise<void>;
}

/**
 * Position and history come from inside the Level snapshot itself, so they cannot disagree with the documents. Where they
 * are not what the store says is durable, a failed write may be in there, and nobody is shown it.
 */
export async function openSnapshot(level: Level, facts: Facts, gate: ReadGate): Promise<Snapshot> {
  const snapshot = level.snapshot();
  try {
    const last = await lastRecord(level, snapshot);
    const position = last === undefined ? START : recordPosition(last);
    if (!samePosition(position, facts.head))
      throw new SkeinError('starting', 'a write failed, and what became of it is not known yet', {
        retryAfterSeconds: 1,
      });
    const history = await readHistory(level, snapshot);
    return {
      log: facts.identity.log,
      history,
      position,
      documents: new DocumentReader(level, () => history, gate, snapshot),
      level: snapshot,
      close: () => snapshot.close(),
    };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}
