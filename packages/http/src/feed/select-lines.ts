import type { LogSlice } from '@skein/core';
import { LineReader, recordLines, type Position } from '@skein/protocol';
import type { LineRuns } from './line-runs.ts';
import type { FeedFilter } from './page-key.ts';

/** What was selected, and the position behind what was read. */
export interface Selection {
  readonly count: number;
  /** Behind the last change looked at, at a transaction's end; `from` when there was none. */
  readonly next: Position;
}

export interface SelectOptions {
  readonly from: Position;
  readonly limit: number;
  readonly bytesMax: number;
  readonly filter: FeedFilter | undefined;
}

const NEWLINE = 0x0a;

/** Takes lines behind `from` until there are enough that match, and then on to the end of the transaction. */
export function selectLines({ records }: LogSlice, options: SelectOptions, runs: LineRuns): Selection {
  const selector = new Selector(options, runs);
  for (const record of records) {
    const { buffer, byteOffset, byteLength } = recordLines(record);
    if (selector.isFull) break;
    selector.take(Buffer.from(buffer, byteOffset, byteLength), record);
  }
  return selector;
}

class Selector implements Selection {
  count = 0;
  next: Position;
  isFull = false;
  readonly #options: SelectOptions;
  readonly #runs: LineRuns;
  readonly #matches: (line: LineReader) => boolean;
  readonly #line = new LineReader();

  constructor(options: SelectOptions, runs: LineRuns) {
    this.#options = options;
    this.#runs = runs;
    this.next = options.from;
    this.#matches = matcher(options.filter);
  }

  take(lines: Buffer, { epoch, hash }: Pick<Position, 'epoch' | 'hash'>): void {
    const line = this.#line;
    for (let at = 0; at < lines.length && !this.isFull;) {
      const end = lines.indexOf(NEWLINE, at);
      line.read(lines, at, end);
      if (line.offset > this.#options.from.offset) {
        if (this.#matches(line)) {
          this.#runs.addLine(lines, at, end, line);
          this.count++;
        }
        if (line.offset === line.transactionEnd) this.#endTransaction({ offset: line.offset, epoch, hash });
      }
      at = end + 1;
    }
  }

  #endTransaction(position: Position): void {
    const { limit, bytesMax } = this.#options;
    this.next = position;
    this.#runs.endTransaction(position);
    this.isFull = this.count >= limit || this.#runs.bytes >= bytesMax;
  }
}

function matcher(filter: FeedFilter | undefined): (line: LineReader) => boolean {
  if (filter === undefined) return () => true;
  const { collections, prefix } = filter;
  return (line) =>
    (collections === undefined || collections.has(line.collection())) &&
    (prefix === undefined || line.key().startsWith(prefix));
}
