import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { JsonValue } from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import { writeCell } from './cells.ts';
import type { Format } from './format.ts';
import { readNdjson } from './read-ndjson.ts';
import type { Sink } from './sink.ts';

/** A table that is wider is none. */
const COLUMNS_MAX = 4096;

interface Document {
  readonly key: string;
  readonly value: JsonValue;
}

type Fields = Readonly<Record<string, JsonValue>>;

/**
 * A row for each document and a column for each field that any of them has, in the order in which they are met. Which those
 * are is known behind the last document only, and a second stream would be of another moment: so they wait in a file.
 */
export async function writeCsv(documents: AsyncIterable<readonly Buffer[]>, format: Format, sink: Sink): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-export-'));
  try {
    const path = join(directory, 'documents');
    const columns = new Columns(format.keyColumn);
    await pipeline(noted(documents, columns), createWriteStream(path));
    const names = [format.keyColumn, ...columns.names];
    await sink.write(`${names.map((name) => quoted(name, format.delimiter)).join(format.delimiter)}\n`);
    for await (const pieces of readNdjson(createReadStream(path))) {
      const rows = pieces.map(({ text }) => rowOf(parse(text), columns.names, format.delimiter));
      await sink.write(rows.join(''));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* noted(documents: AsyncIterable<readonly Buffer[]>, columns: Columns): AsyncGenerator<Buffer> {
  for await (const lines of documents) {
    for (const line of lines) columns.note(parse(line));
    yield Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
  }
}

class Columns {
  readonly #keyColumn: string;
  readonly #names = new Set<string>();

  constructor(keyColumn: string) {
    this.#keyColumn = keyColumn;
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  note({ key, value }: Document): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CommandError(
        'failed',
        `${key} is not an object: a CSV has a column for each field of objects; see --format`,
      );
    for (const name of Object.keys(value)) if (!this.#names.has(name)) this.#add(name, key);
  }

  #add(name: string, key: string): void {
    if (name === this.#keyColumn)
      throw new CommandError(
        'failed',
        `${key} has a field ${name}, as the keys' column is named; --key gives that another name`,
      );
    this.#names.add(name);
    if (this.#names.size > COLUMNS_MAX)
      throw new CommandError('failed', `the documents have more than ${COLUMNS_MAX} different fields: see --format`);
  }
}

function rowOf({ key, value }: Document, columns: readonly string[], delimiter: string): string {
  const fields = value as Fields;
  const cells = columns.map((name) => writeCell(Object.hasOwn(fields, name) ? fields[name] : undefined));
  return `${[key, ...cells].map((cell) => quoted(cell, delimiter)).join(delimiter)}\n`;
}

/** RFC 4180; a cell with a space at one of its ends is quoted too, since some programs would take that away. */
function quoted(cell: string, delimiter: string): string {
  const needsQuotes = cell.includes(delimiter) || /["\r\n]|^\s|\s$|^\ufeff/.test(cell);
  return needsQuotes ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function parse(line: Buffer): Document {
  return JSON.parse(line.toString()) as Document;
}
