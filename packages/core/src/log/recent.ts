import type { RecordView } from '@skein/protocol';

const RECORDS_MAX = 512;
const BYTES_MAX = 4 * 1024 * 1024;

/**
 * The newest records, kept in memory because nearly every reader is at the head: the page that follows a commit is made
 * from here, without a look at the disk.
 */
export class RecentRecords {
  #records: RecordView[] = [];
  #bytes = 0;

  push(records: readonly RecordView[]): void {
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += record.bytes.length;
    }
    let drop = 0;
    while (this.#records.length - drop > RECORDS_MAX || (this.#bytes > BYTES_MAX && drop < this.#records.length)) {
      this.#bytes -= this.#records[drop]!.bytes.length;
      drop++;
    }
    if (drop > 0) this.#records = this.#records.slice(drop);
  }

  trimmed(tail: number): void {
    const kept = this.#records.filter(({ offsetFirst }) => offsetFirst >= tail);
    this.clear();
    this.push(kept);
  }

  clear(): void {
    this.#records = [];
    this.#bytes = 0;
  }

  /** Everything from the record that holds the change behind `after`; undefined when that is older than what is kept. */
  from(after: number): readonly RecordView[] | undefined {
    const first = this.#records[0];
    if (first === undefined || after + 1 < first.offsetFirst) return undefined;
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#records[middle]!.offsetLast <= after) low = middle + 1;
      else high = middle;
    }
    return this.#records.slice(low);
  }
}
