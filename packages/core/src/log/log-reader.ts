import type { Position, RecordView } from '@skein/protocol';
import type { Facts } from '../facts.ts';
import type { Level } from '../level/level.ts';
import { readLog, sliceRecords, type LogReadLimits, type LogSlice } from './read.ts';
import { RecentEnds } from './recent-ends.ts';
import { RecentRecords } from './recent.ts';

/** Reads the log, from memory where it can: what is newest, and where readers were lately. */
export class LogReader {
  readonly #level: Level;
  readonly #facts: () => Facts;
  readonly #recent = new RecentRecords();
  readonly #ends = new RecentEnds();

  constructor(level: Level, facts: () => Facts) {
    this.#level = level;
    this.#facts = facts;
  }

  /** Records behind an offset; see `LogSlice`. */
  async read(after: number, limits: LogReadLimits): Promise<LogSlice> {
    const recent = this.#recent.from(after);
    if (recent !== undefined) return sliceRecords(recent, this.#facts().history, after, limits);
    const slice = await readLog(this.#level, this.#facts(), after, limits);
    this.#ends.note(slice.records);
    return slice;
  }

  /** What the log holds at an offset where a slice lately ended. */
  recentEnd(offset: number): Position | undefined {
    return this.#ends.get(offset);
  }

  /** Learns of records that are durable. */
  push(records: readonly RecordView[]): void {
    this.#recent.push(records);
  }

  /** The log has been trimmed or read anew, and nothing is remembered of how it was. */
  forget(): void {
    this.#recent.clear();
    this.#ends.clear();
  }
}
