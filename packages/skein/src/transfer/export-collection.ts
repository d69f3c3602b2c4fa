import { fetchDocuments, type Wanted } from './fetch-documents.ts';
import type { Format } from './format.ts';
import type { Sink } from './sink.ts';

export interface ExportOptions {
  readonly wanted: Wanted;
  readonly format: Format;
  readonly sink: Sink;
  readonly onProgress: (documents: number) => void;
}

/** Writes all documents of a collection as of one moment, and answers how many there are. */
export async function exportCollection({ wanted, format, sink, onProgress }: ExportOptions): Promise<number> {
  let documents = 0;
  const counted = async function* (): AsyncGenerator<readonly Buffer[]> {
    for await (const lines of fetchDocuments(wanted)) {
      yield lines;
      documents += lines.length;
      onProgress(documents);
    }
  };
  try {
    await writeAll(counted(), format, sink);
    await sink.finish();
    return documents;
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

async function writeAll(documents: AsyncIterable<readonly Buffer[]>, format: Format, sink: Sink): Promise<void> {
  switch (format.name) {
    case 'ndjson':
      for await (const lines of documents) await sink.write(joined(lines, '\n'));
      return;
    case 'json':
      return writeArray(documents, sink);
    case 'csv': {
      const { writeCsv } = await import('./write-csv.ts');
      return writeCsv(documents, format, sink);
    }
  }
}

async function writeArray(documents: AsyncIterable<readonly Buffer[]>, sink: Sink): Promise<void> {
  let before = '[\n';
  for await (const lines of documents) {
    if (lines.length === 0) continue;
    // No line end behind the last document, which has no comma either.
    await sink.write(before);
    await sink.write(joined(lines.slice(0, -1), ',\n'));
    await sink.write(lines.at(-1)!);
    before = ',\n';
  }
  await sink.write(before === '[\n' ? '[]\n' : '\n]\n');
}

function joined(lines: readonly Buffer[], end: string): Buffer {
  const lineEnd = Buffer.from(end);
  return Buffer.concat(lines.flatMap((line) => [line, lineEnd]));
}
