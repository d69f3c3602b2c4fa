import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { readCell } from './cells.ts';
import type { Format } from './format.ts';
import { PIECE_BYTES_MAX, UnreadableError, type Piece, type Pieces } from './piece.ts';

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number; readonly empty_lines: number };
}

const ROWS_AT_ONCE = 500;

/** The documents of a CSV: the first row names the fields, and each other one has a cell for each. */
export async function* readCsv(chunks: AsyncIterable<Buffer>, format: Format): Pieces {
  // Rows may wait to be read when there is no going on behind them.
  let parsedUpTo = 0;
  const parser = parse({
    bom: true,
    delimiter: format.delimiter,
    info: true,
    // A row is held to the header where its turn comes: the first one that is wrong is the one that is told.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: PIECE_BYTES_MAX,
    on_record: (record, { lines }) => {
      parsedUpTo = lines;
      return record;
    },
  });
  const source = Readable.from(textOf(chunks, () => parsedUpTo));
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let rows: RowReader | undefined;
  let pieces: Piece[] = [];
  const lines = new LineCounter();
  try {
    for await (const row of parser as AsyncIterable<Row>) {
      const line = lines.lineOf(row);
      if (rows === undefined) rows = new RowReader(row.record, format);
      else pieces.push({ line, text: rows.read(line, row.record) });
      if (pieces.length < ROWS_AT_ONCE) continue;
      yield pieces;
      pieces = [];
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, parsedUpTo + 1) : error;
  } finally {
    source.destroy();
  }
  if (rows === undefined) throw new UnreadableError(1, 'there is no header that names the columns');
  yield pieces;
}

/** Tells on which line each row begins. The parser says on which it ends, and counts a line break of two characters in a cell twice. */
class LineCounter {
  #ended = 0;
  #empty = 0;
  #countedTwice = 0;

  lineOf({ record, info }: Row): number {
    const linesOfRow = info.lines - this.#ended - (info.empty_lines - this.#empty);
    this.#ended = info.lines;
    this.#empty = info.empty_lines;
    const line = info.lines - this.#countedTwice - linesOfRow + 1;
    if (linesOfRow > 1) for (const cell of record) this.#countedTwice += cell.split('\r\n').length - 1;
    return line;
  }
}

/** Makes documents of rows. A document is put together as text, in which `__proto__` is a name like any other. */
class RowReader {
  readonly #columns: readonly string[];
  readonly #format: Format;
  readonly #keyIndex: number;
  /** What stands before each value. */
  readonly #names: readonly string[];

  constructor(columns: readonly string[], format: Format) {
    this.#columns = columns;
    this.#format = format;
    this.#keyIndex = columns.indexOf(format.keyColumn);
    this.#names = columns.map((column) => `${JSON.stringify(column)}:`);
    const twice = columns.find((column, i) => columns.indexOf(column) !== i);
    if (twice !== undefined) throw new UnreadableError(1, `the header names ${JSON.stringify(twice)} twice`);
    if (this.#keyIndex === -1)
      throw new UnreadableError(
        1,
        `no column is named ${format.keyColumn}; --key says which one has the keys: ${columns.join(', ')}`,
      );
  }

  read(line: number, cells: readonly string[]): Buffer {
    if (cells.length !== this.#columns.length) throw ragged(line, cells.length, this.#columns.length);
    const fields: string[] = [];
    for (const [i, cell] of cells.entries()) {
      if (i === this.#keyIndex) continue;
      const valueText = readCell(cell, this.#format.isAllStrings);
      if (valueText !== undefined) fields.push(`${this.#names[i]}${valueText}`);
    }
    return Buffer.from(`{"key":${JSON.stringify(cells[this.#keyIndex])},"value":{${fields.join(',')}}}`);
  }
}

/** A byte that is no UTF-8 would else become another character, without a word. */
async function* textOf(chunks: AsyncIterable<Buffer>, linesSoFar: () => number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UnreadableError(linesSoFar() + 1, 'here, or further on, is what is not UTF-8');
  }
}

const NEVER_CLOSED = 'a quote is opened in this row, and never closed';
const SENTENCES: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE:
    'a quote stands in the middle of a cell: one that has quotes begins with one, and doubles the others',
  CSV_INVALID_CLOSING_QUOTE: 'something stands between the quote that ends a cell and the next one',
};

function unreadable(error: CsvError, lineOfRow: number): UnreadableError {
  const isEndless = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE';
  if (isEndless) return new UnreadableError(lineOfRow, NEVER_CLOSED);
  return new UnreadableError(Number(error['lines'] ?? lineOfRow), SENTENCES[error.code] ?? error.message);
}

function ragged(line: number, cells: number, columns: number): UnreadableError {
  return new UnreadableError(line, `${cells} ${cells === 1 ? 'cell' : 'cells'}, and the header names ${columns}`);
}
