import { fetchDocuments, type Wanted } from './fetch-documents.ts';
import type { Format } from './format.ts';
import type { Sink } from './sink.ts';
import { writeAll } from './write-all.ts';

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
