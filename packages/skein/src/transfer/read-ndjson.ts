import { PIECE_BYTES_MAX, UnreadableError, type Piece, type Pieces } from './piece.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from('\ufeff');

/** The documents of lines. Empty lines are passed over, and counted. */
export async function* readNdjson(chunks: AsyncIterable<Buffer>): Pieces {
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const pieces: Piece[] = [];
    let at = line === 1 && buffer.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    for (let end = buffer.indexOf(NEWLINE, at); end !== -1; end = buffer.indexOf(NEWLINE, at)) {
      const text = trimmed(buffer.subarray(at, end));
      if (text.length > 0) pieces.push({ line, text });
      at = end + 1;
      line++;
    }
    rest = buffer.subarray(at);
    if (rest.length > PIECE_BYTES_MAX) throw new UnreadableError(line, `it is over ${PIECE_BYTES_MAX} bytes`);
    yield pieces;
  }
  const text = trimmed(rest);
  if (text.length > 0) yield [{ line, text }];
}

function trimmed(text: Buffer): Buffer {
  return text.at(-1) === RETURN ? text.subarray(0, -1) : text;
}
