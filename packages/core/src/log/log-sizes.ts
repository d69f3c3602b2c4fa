import type { RecordView } from '@skein/protocol';

/** How finely the log is measured; a log of a gigabyte has some thousand marks. */
const MARK_BYTES = 1024 * 1024;

interface Mark {
  /** First offset of a record. */
  readonly offset: number;
  /** Bytes of all records noted before it, from the first one ever noted on. */
  readonly bytesBefore: number;
}

/** How many bytes of records the log holds, and where it would have to begin to hold less. */
export class LogSizes {
  #marks: Mark[] = [];
  #bytes = 0;

  /** A record is at the end of the log. */
  note({ offsetFirst, bytes }: RecordView): void {
    const last = this.#marks.at(-1);
    if (last === undefined || this.#bytes - last.bytesBefore >= MARK_BYTES)
      this.#marks.push({ offset: offsetFirst, bytesBefore: this.#bytes });
    this.#bytes += bytes.length;
  }

  /** To within the size of a mark. */
  get bytes(): number {
    return this.#bytes - (this.#marks[0]?.bytesBefore ?? 0);
  }

  /** The least offset known from which on the log is no longer than `bytesMax`; the last mark when none is. */
  startWithin(bytesMax: number): number {
    const mark = this.#marks.find(({ bytesBefore }) => this.#bytes - bytesBefore <= bytesMax) ?? this.#marks.at(-1);
    return mark?.offset ?? 1;
  }

  /** The log now begins at `tail`. */
  trimmed(tail: number): void {
    const kept = this.#marks.findLastIndex(({ offset }) => offset <= tail);
    if (kept > 0) this.#marks = this.#marks.slice(kept);
  }
}
