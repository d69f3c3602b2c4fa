import { recordPosition, type Position, type RecordView } from '@skein/protocol';

const ENDS_MAX = 256;

/**
 * Where the slices lately read from disk ended: a reader that was given one asks next behind its end, and then its place
 * in the log is known without reading the record before it again.
 */
export class RecentEnds {
  readonly #ends = new Map<number, Position>();

  note(records: readonly RecordView[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#ends.delete(last.offsetLast);
    this.#ends.set(last.offsetLast, recordPosition(last));
    if (this.#ends.size > ENDS_MAX) this.#ends.delete(this.#ends.keys().next().value!);
  }

  get(offset: number): Position | undefined {
    return this.#ends.get(offset);
  }

  clear(): void {
    this.#ends.clear();
  }
}
