import type { LogSlice } from '@skein/core';
import { LineReader, recordLines, type Position } from '@skein/protocol';
import type { FeedFilter } from './page-key.ts';

/** The lines of a page, as runs of bytes that stand together in their records, and the position behind what was read. */
export interface Selection {
  /** Each run is whole lines, each ended by \n. */
  readonly runs: readonly Buffer[];
  readonly count: number;
  /** Behind the last change looked at, at a transaction's end; `from` when there was none. */
  readonly next: Position;
}

export interface SelectOptions {
  readonly from: Position;
  readonly limit: number;
  readonly filter: FeedFilter | undefined;
}

const NEWLINE = 0x0a;

/** Takes lines behind `from` until `limit` match, and then on to the end of the transaction. */
export function selectLines({ records }: LogSlice, options: SelectOptions): Selection {
  const selector = new Selector(options);
  for (const record of records) {
    const { buffer, byteOffset, byteLength } = recordLines(record);
    if (selector.isFull) break;
    selector.take(Buffer.from(buffer, byteOffset, byteLength), record);
  }
  return selector;
}

class Selector implements Selection {
  readonly runs: Buffer[] = [];
  count = 0;
  next: Position;
  isFull = false;
  readonly #options: SelectOptions;
  readonly #matches: (line: LineReader) => boolean;
  readonly #line = new LineReader();

  constructor(options: SelectOptions) {
    this.#options = options;
    this.next = options.from;
    this.#matches = matcher(options.filter);
  }

  take(lines: Buffer, { epoch, hash }: Pick<Position, 'epoch' | 'hash'>): void {
    const line = this.#line;
    let runStart = 0;
    let runEnd = 0;
    for (let at = 0; at < lines.length && !this.isFull;) {
      const end = lines.indexOf(NEWLINE, at);
      line.read(lines, at, end);
      if (line.offset > this.#options.from.offset && this.#matches(line)) {
        if (runEnd !== at) {
          if (runEnd > runStart) this.runs.push(lines.subarray(runStart, runEnd));
          runStart = at;
        }
        runEnd = end + 1;
        this.count++;
      }
      if (line.offset === line.transactionEnd && line.offset > this.#options.from.offset) {
        this.next = { offset: line.offset, epoch, hash };
        this.isFull = this.count >= this.#options.limit;
      }
      at = end + 1;
    }
    if (runEnd > runStart) this.runs.push(lines.subarray(runStart, runEnd));
  }
}

function matcher(filter: FeedFilter | undefined): (line: LineReader) => boolean {
  if (filter === undefined) return () => true;
  const { collections, prefix } = filter;
  return (line) =>
    (collections === undefined || collections.has(line.collection())) &&
    (prefix === undefined || line.key().startsWith(prefix));
}
