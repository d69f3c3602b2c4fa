import {
  samePosition,
  SkeinError,
  START,
  recordPosition,
  type EpochSpan,
  type Position,
  type SnapshotCursor,
} from '@skein/protocol';
import {
  readNamedLines,
  readSnapshotLines,
  type LineLimits,
  type NamedLines,
  type SnapshotLines,
} from './copy/read-lines.ts';
import type { CountBook } from './counts.ts';
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
  /** What is read, and through what: they belong to each other, whatever the store goes on to be. */
  readonly database: Level;
  readonly level: LevelSnapshot;
  /** How many documents there are; null when nobody has kept their count. */
  readonly count: number | null;
  /** Lines of a copy behind a place; see `readSnapshotLines`. */
  lines(after: SnapshotCursor | null, limits: LineLimits): Promise<SnapshotLines>;
  /** The lines of documents by their names. */
  named(names: Parameters<typeof readNamedLines>[2], bytesMax: number): Promise<NamedLines>;
  close(): Promise<void>;
}

export interface SnapshotParts {
  readonly facts: Facts;
  readonly counts: CountBook;
  readonly gate: ReadGate;
}

/**
 * Position and history come from inside the Level snapshot itself, so they cannot disagree with the documents. Where they
 * are not what the store says is durable, a failed write may be in there, and nobody is shown it.
 */
export async function openSnapshot(level: Level, { facts, counts, gate }: SnapshotParts): Promise<Snapshot> {
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
      documents: new DocumentReader({ level: () => level, history: () => history, gate, snapshot }),
      database: level,
      level: snapshot,
      count: counts.total(),
      lines: (after, limits) => gated(gate, () => readSnapshotLines(level, snapshot, after, limits)),
      named: (names, bytesMax) => gated(gate, () => readNamedLines(level, snapshot, names, bytesMax)),
      close: () => snapshot.close(),
    };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

async function gated<T>(gate: ReadGate, read: () => Promise<T>): Promise<T> {
  gate.assertOpen();
  try {
    return await read();
  } catch (error) {
    throw gate.failed(error);
  }
}
