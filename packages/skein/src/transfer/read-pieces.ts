import type { Format } from './format.ts';
import type { Pieces } from './piece.ts';
import { readJsonArray } from './read-json-array.ts';
import { readNdjson } from './read-ndjson.ts';

/** The documents of a file, in its order. What parses CSV is loaded where there is one. */
export async function readerOf(format: Format): Promise<(chunks: AsyncIterable<Buffer>) => Pieces> {
  switch (format.name) {
    case 'ndjson':
      return readNdjson;
    case 'json':
      return readJsonArray;
    case 'csv': {
      const { readCsv } = await import('./read-csv.ts');
      return (chunks) => readCsv(chunks, format);
    }
  }
}
