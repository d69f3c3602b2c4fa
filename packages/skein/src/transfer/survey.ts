import { createHash } from 'node:crypto';
import { checkPiece } from './check-piece.ts';
import type { Pieces } from './piece.ts';
import type { Source } from './source.ts';
import { withoutVersion } from './without-version.ts';

export interface SurveyOptions {
  /** Undefined where what is in it need not be looked at. */
  readonly read: ((chunks: AsyncIterable<Buffer>) => Pieces) | undefined;
  readonly onProgress: (bytes: number) => void;
}

/** What is known of a file before anything of it is written. */
export interface Survey {
  /** Zero where they were not looked at. */
  readonly documents: number;
  readonly sha256: string;
}

/** Reads all of a file, proves every document of it, and answers by what the file is known again. */
export async function surveyOf(source: Source, { read, onProgress }: SurveyOptions): Promise<Survey> {
  const hash = createHash('sha256');
  let bytes = 0;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of source.chunks()) {
      hash.update(chunk);
      bytes += chunk.length;
      onProgress(bytes);
      yield chunk;
    }
  };
  let documents = 0;
  if (read === undefined) for await (const _ of chunks());
  else
    for await (const pieces of read(chunks())) {
      for (const { line, text } of pieces) checkPiece({ line, text: withoutVersion(text) });
      documents += pieces.length;
    }
  return { documents, sha256: hash.digest('hex') };
}
