import {
  formatPosition,
  formatSnapshotCursor,
  parsePosition,
  parseSnapshotCursor,
  recordPosition,
  samePosition,
  SkeinError,
  START,
  type EpochSpan,
  type Position,
  type RecordView,
  type SnapshotCursor,
  type SnapshotHeader,
} from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { encodeJson, putNewStore } from '../facts.ts';
import { countKey, encodeNumber, metaKey, recordKey } from '../level/layout.ts';
import { SYNCED, withCorruptNamed, withLostFileNamed, type Level, type LevelBatch } from '../level/level.ts';
import { putSealed, unseal } from '../level/sealed.ts';
import { receivePage } from '../write/check-received.ts';
import { putEntry } from '../write/idempotency.ts';
import type { ReceivedLines } from './receive-lines.ts';

/** How far a copy has come; stored in the batch that brings it there. */
export interface CopyProgress {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  /** The snapshot it began with: the log is replayed from here on. */
  readonly base: Position;
  /** The newest one it has read from; it is of one position only when it has replayed the log up to there. */
  readonly newest: Position;
  /** Behind what it goes on; null at the beginning. */
  readonly after: SnapshotCursor | null;
  readonly isComplete: boolean;
  /** How many documents of each collection it holds. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Part of a snapshot that has been received: where it leads, and what it is. */
export interface CopiedPart {
  readonly next: SnapshotCursor | null;
  readonly lines: ReceivedLines;
}

/**
 * A database being filled from snapshots, beside the one that is served. It is no store until it is finished: what is in
 * it belongs to no one position. It can be left at any moment and gone on with.
 */
export class Copy {
  readonly #level: Level;
  #progress: CopyProgress | null;
  #isFinished: boolean;

  /**
   * Opens what was left in a database; null when it is something else than a copy. Corrupt is one that LevelDB will never
   * open again; one that is locked, or has no room on its disk now, can still be gone on with.
   */
  static async open(level: Level): Promise<Copy | null> {
    try {
      return await Copy.#opened(level);
    } catch (error) {
      throw withLostFileNamed(withCorruptNamed(error));
    }
  }

  static async #opened(level: Level): Promise<Copy | null> {
    await level.open();
    const sealed = await level.get(metaKey('copy'));
    if (sealed !== undefined) {
      const isFinished = (await level.get(metaKey('format'))) !== undefined;
      return new Copy(level, decodeProgress(unseal(metaKey('copy'), sealed)), isFinished);
    }
    const keys = await level.keys({ limit: 1 }).all();
    return keys.length === 0 ? new Copy(level, null, false) : null;
  }

  private constructor(level: Level, progress: CopyProgress | null, isFinished: boolean) {
    this.#level = level;
    this.#progress = progress;
    this.#isFinished = isFinished;
  }

  get level(): Level {
    return this.#level;
  }

  /** Null before it has begun. */
  get progress(): CopyProgress | null {
    return this.#progress;
  }

  /** It is a store, if not yet one of the position it is to have. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Stores a part of a snapshot, and with it how far the copy is then. */
  async add({ log, history, position }: SnapshotHeader, { next, lines }: CopiedPart): Promise<void> {
    const before = this.#progress ?? { log, history, base: position, after: null, counts: new Map<string, number>() };
    const batch = this.#level.batch();
    for (const { levelKey, stored } of lines.documents) batch.put(levelKey, stored);
    for (const { keyDigest, ...entry } of lines.entries) putEntry(batch, keyDigest, entry);
    const isComplete = next === null;
    const counts = countsAfter(before.counts, lines);
    const progress = { ...before, newest: position, after: next ?? before.after, isComplete, counts };
    putSealed(batch, metaKey('copy'), encodeProgress(progress));
    await batch.write(SYNCED);
    this.#progress = progress;
  }

  /**
   * Makes a follower's store of it, as of the snapshot it began with: that one's last record is all of its log, for the
   * next one to be chained to.
   */
  async finish(record: RecordView | null, node: string): Promise<void> {
    const { log, base, history, counts } = this.#progress!;
    if (!samePosition(record === null ? START : recordPosition(record), base))
      throw new SkeinError('bad_record', `the record that was to end at ${formatPosition(base)} does not`);
    if (record !== null) receivePage([record]);
    const batch = this.#level.batch();
    putNewStore(batch, { log, role: 'follower', node }, history);
    if (record !== null) putOnlyRecord(batch, record);
    for (const [collection, count] of counts) putSealed(batch, countKey(collection), encodeNumber(count));
    await batch.write(SYNCED);
    this.#isFinished = true;
  }
}

/** Documents of one collection stand together: each of them is counted at once. */
function countsAfter(before: ReadonlyMap<string, number>, { documents }: ReceivedLines): ReadonlyMap<string, number> {
  const counts = new Map(before);
  for (let start = 0, end = 0; start < documents.length; start = end) {
    const { collection } = documents[start]!;
    while (documents[end]?.collection === collection) end++;
    counts.set(collection, (counts.get(collection) ?? 0) + end - start);
  }
  return counts;
}

function putOnlyRecord(batch: LevelBatch, record: RecordView): void {
  batch.put(recordKey(record.offsetLast), asBuffer(record.bytes));
  putSealed(batch, metaKey('tail'), encodeNumber(record.offsetFirst));
}

/** As it is stored: positions and cursors as they are written everywhere, counts in pairs, for a name may be any word. */
interface StoredProgress {
  readonly log: string;
  readonly history: readonly EpochSpan[];
  readonly base: string;
  readonly newest: string;
  readonly after: string | null;
  readonly isComplete: boolean;
  readonly counts: readonly (readonly [string, number])[];
}

function encodeProgress({ base, newest, after, counts, ...progress }: CopyProgress): Buffer {
  const stored: StoredProgress = {
    ...progress,
    base: formatPosition(base),
    newest: formatPosition(newest),
    after: after === null ? null : formatSnapshotCursor(after),
    counts: [...counts],
  };
  return encodeJson(stored);
}

function decodeProgress(bytes: Buffer): CopyProgress {
  const { base, newest, after, counts, ...progress } = JSON.parse(bytes.toString()) as StoredProgress;
  return {
    ...progress,
    base: parsePosition(base),
    newest: parsePosition(newest),
    after: after === null ? null : parseSnapshotCursor(after),
    counts: new Map(counts),
  };
}
