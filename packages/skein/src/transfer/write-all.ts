import type { Format } from './format.ts';
import type { Sink } from './sink.ts';

/** Writes documents, given as lines that put them, in a format; behind others, where there are some. */
export async function writeAll(
  documents: AsyncIterable<readonly Buffer[]>,
  format: Format,
  sink: Sink,
  isBehindOthers: boolean,
): Promise<void> {
  switch (format.name) {
    case 'ndjson':
      for await (const lines of documents) await sink.write(joined(lines, '\n'));
      return;
    case 'json':
      return writeArray(documents, sink, isBehindOthers);
    case 'csv': {
      const { writeCsv } = await import('./write-csv.ts');
      return writeCsv(documents, format, sink);
    }
  }
}

async function writeArray(
  documents: AsyncIterable<readonly Buffer[]>,
  sink: Sink,
  isBehindOthers: boolean,
): Promise<void> {
  let before = isBehindOthers ? ',\n' : '[\n';
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
