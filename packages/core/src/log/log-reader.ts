import type { Position, RecordView } from '@skein/protocol';
import type { Facts } from '../facts.ts';
import type { Level } from '../level/level.ts';
import type { LogSizes } from './log-sizes.ts';
import { positionBefore } from './position-before.ts';
import { readLog, sliceRecords, type LogReadLimits, type LogSlice } from './read.ts';
import { RecentEnds } from './recent-ends.ts';
import { RecentRecords } from './recent.ts';

/** Reads the log, from memory where it can: what is newest, and where readers were lately. */
export class LogReader {
  readonly #level: () => Level;
  readonly #facts: () => Facts;
  readonly #recent = new RecentRecords();
  readonly #ends = new RecentEnds();

  #sizes: LogSizes;

  constructor(level: () => Level, facts: () => Facts, sizes: LogSizes) {
    this.#level = level;
    this.#facts = facts;
    this.#sizes = sizes;
  }

  /** How much it is that can be read. */
  get sizes(): LogSizes {
    return this.#sizes;
  }

  /** Records behind an offset; see `LogSlice`. */
  async read(after: number, limits: LogReadLimits): Promise<LogSlice> {
    const recent = this.#recent.from(after);
    if (recent !== undefined) return sliceRecords(recent, this.#facts().history, after, limits);
    const slice = await readLog(this.#level(), this.#facts(), after, limits);
    this.#ends.note(slice.records);
    return slice;
  }

  /** Where the log stands behind everything of before a time; see `positionBefore`. */
  positionBefore(ms: number): Promise<Position | undefined> {
    return positionBefore(ms, this.#facts, async (offset) => {
      const { records } = await this.read(offset, { changesMax: 1, bytesMax: 1 });
      return records[0];
    });
  }

  /** What the log holds at an offset where a slice lately ended. */
  recentEnd(offset: number): Position | undefined {
    return this.#ends.get(offset);
  }

  /** Learns of records that are durable. */
  push(records: readonly RecordView[]): void {
    this.#recent.push(records);
    for (const record of records) this.#sizes.note(record);
  }

  /** Nothing below `tail` is there any more. */
  trimmed(tail: number): void {
    this.#recent.trimmed(tail);
    this.#ends.clear();
    this.#sizes.trimmed(tail);
  }

  /** The log has been read anew, and nothing is remembered of how it was. */
  begin(sizes: LogSizes): void {
    this.#recent.clear();
    this.#ends.clear();
    this.#sizes = sizes;
  }
}
