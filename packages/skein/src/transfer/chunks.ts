import type { Piece, Pieces } from './piece.ts';
import { withoutVersion } from './without-version.ts';

const DOCUMENTS_MAX = 20_000;
const BYTES_MAX = 4 * 1024 * 1024;

const LINE_END = Buffer.from('\n');

/** So many documents as are sent, and acknowledged, at once. */
export interface Chunk {
  readonly body: Buffer;
  /** The line of the file on which each document begins. */
  readonly lines: readonly number[];
}

/** Documents gathered into bodies worth sending, without the first ones. */
export async function* chunksOf(pieces: Pieces, skipped: number): AsyncGenerator<Chunk> {
  let toSkip = skipped;
  let gathered = new Gathered();
  for await (const some of pieces) {
    const due = some.slice(toSkip);
    toSkip -= some.length - due.length;
    for (const piece of due) {
      gathered.add(piece);
      if (!gathered.isFull) continue;
      yield gathered.chunk();
      gathered = new Gathered();
    }
  }
  if (!gathered.isEmpty) yield gathered.chunk();
}

class Gathered {
  readonly #parts: Buffer[] = [];
  readonly #lines: number[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#lines.length >= DOCUMENTS_MAX || this.#bytes >= BYTES_MAX;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  add({ line, text }: Piece): void {
    const put = withoutVersion(text);
    this.#parts.push(put, LINE_END);
    this.#lines.push(line);
    this.#bytes += put.length + 1;
  }

  chunk(): Chunk {
    return { body: Buffer.concat(this.#parts, this.#bytes), lines: this.#lines };
  }
}
